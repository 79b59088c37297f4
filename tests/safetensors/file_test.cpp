#include "torchhub/safetensors/file.h"

#include "support/golden.h"
#include "support/memory_file.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>

namespace torchhub {
namespace {

std::vector<float> floats(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST(SafetensorsFile, GivesTheBytesOfEachTensor) {
  const SafetensorsFile file(testing::golden_path("safetensors/all-dtypes.safetensors"));
  const auto& tensor = file.at("f32");
  EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(floats(file.bytes(tensor)), (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(floats(file.bytes(file.at("scalar"))), std::vector<float>{3.5F});
  EXPECT_TRUE(file.bytes(file.at("empty")).empty());
}

TEST(SafetensorsFile, AlignsWhatAWriterAligned) {
  const SafetensorsFile file(testing::golden_path("safetensors/all-dtypes.safetensors"));
  for (const auto& tensor : file.header().tensors) {
    const auto address = reinterpret_cast<std::uintptr_t>(file.bytes(tensor).data());
    EXPECT_EQ(address % (bits(tensor.dtype) / 8), 0U) << tensor.name;
  }
}

TEST(SafetensorsFile, SaysWhichTensorIsMissing) {
  const testing::TempDir dir;
  const auto path = dir / "m.safetensors";
  std::filesystem::copy_file(testing::golden_path("safetensors/no-metadata.safetensors"), path);
  const SafetensorsFile file(path);
  EXPECT_EQ(file.find("nope"), nullptr);
  try {
    file.at("nope");
    FAIL();
  } catch (const SafetensorsError& error) {
    EXPECT_EQ(error.code(), SafetensorsError::Code::tensor_not_found);
    EXPECT_EQ(error.what(),
              "Cannot use '" + path.string() +
                  "': tensor 'nope': it is not among the 1 tensors of the file. Check "
                  "the name, or list the file's header.");
  }
}

TEST(SafetensorsFile, KeepsWhatIsWrittenIntoItOutOfTheFile) {
  const testing::TempDir dir;
  const auto path = dir / "m.safetensors";
  std::filesystem::copy_file(testing::golden_path("safetensors/no-metadata.safetensors"), path);
  const std::string before = read_file(path);
  const SafetensorsFile file(path);
  const auto bytes = file.bytes(file.at("a"));
  std::memset(bytes.data(), 0x55, bytes.size());
  EXPECT_EQ(read_file(path), before);
  EXPECT_EQ(std::to_integer<int>(file.bytes(file.at("a"))[0]), 0x55);
}

TEST(SafetensorsFile, LetsBytesOutliveIt) {
  std::shared_ptr<MappedFile> mapping;
  std::span<std::byte> bytes;
  {
    SafetensorsFile opened(testing::golden_path("safetensors/no-metadata.safetensors"),
                           {.read_ahead = true});
    const SafetensorsFile moved = std::move(opened);
    mapping = moved.mapping();
    bytes = moved.bytes(moved.at("a"));
  }
  EXPECT_EQ(floats(bytes)[11], 11.0F);
}

TEST(SafetensorsFile, KeepsTheOldBytesWhenTheFileIsReplaced) {
  const testing::TempDir dir;
  const auto path = dir / "m.safetensors";
  std::filesystem::copy_file(testing::golden_path("safetensors/no-metadata.safetensors"), path);
  const SafetensorsFile file(path);
  write_file_atomically(path, "short");
  EXPECT_EQ(floats(file.bytes(file.at("a")))[11], 11.0F);
}

TEST(SafetensorsFile, GivesAnErrorForAFileCutAtAnyByte) {
  testing::MemoryFile file;
  const std::string whole = testing::golden("safetensors/no-metadata.safetensors");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    file.set(whole.substr(0, size));
    EXPECT_THROW(SafetensorsFile{file.path()}, SafetensorsError) << size;
  }
}

TEST(SafetensorsFile, SaysThatAFileIsMissing) {
  EXPECT_THROW(SafetensorsFile("/nonexistent/m.safetensors"), FileError);
  EXPECT_THROW(SafetensorsFile("/"), FileError);
}

}  // namespace
}  // namespace torchhub
