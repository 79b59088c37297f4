#include "torchhub/safetensors/writer.h"

#include "support/golden.h"
#include "support/message_of.h"
#include "support/piece_log.h"
#include "support/small_disk.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/live_bytes.h"
#include "torchhub/base/sha256.h"
#include "torchhub/safetensors/file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sys/stat.h>

namespace torchhub {
namespace {

using safetensors::Dtype;
using safetensors::TensorView;
using testing::message_of;

std::vector<TensorView> views_of(const SafetensorsFile& file) {
  std::vector<TensorView> views;
  for (const auto& tensor : file.header().tensors) {
    views.push_back({tensor.name, tensor.dtype, tensor.shape, file.bytes(tensor)});
  }
  return views;
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

TEST(WriteSafetensors, WritesTheBytesThatPythonWrites) {
  for (const char* name : {"written", "no-metadata", "no-tensors"}) {
    SCOPED_TRACE(name);
    const auto golden = testing::golden_path(std::string("safetensors/") + name + ".safetensors");
    const SafetensorsFile original(golden);
    auto views = views_of(original);
    const testing::TempDir dir;
    for (unsigned seed = 0; seed < 5; ++seed) {
      std::shuffle(views.begin(), views.end(), std::mt19937(seed));
      const auto path = dir / "m.safetensors";
      write_safetensors(path, views, {.metadata = original.header().metadata});
      EXPECT_EQ(read_file(path), read_file(golden));
    }
  }
}

TEST(WriteSafetensors, GivesSizeAndDigestOfTheFile) {
  const testing::TempDir dir;
  const std::string data(3'000'001, 'x');  // several chunks
  const auto path = dir / "m.safetensors";
  const auto written = write_safetensors(
      path, {{"a", Dtype::U8, {3'000'001}, std::as_bytes(std::span(data))}}, {.sha256 = true});
  EXPECT_EQ(written.size, std::filesystem::file_size(path));
  EXPECT_EQ(written.sha256, sha256_hex_of_file(path));
  const SafetensorsFile file(path);
  EXPECT_EQ(file.header().metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
  EXPECT_EQ(file.bytes(file.at("a")).back(), std::byte{'x'});
}

TEST(WriteSafetensors, AsksForEachBorrowedByteOnceAndInOrder) {
  const testing::TempDir dir;
  const std::string large(3'000'001, 'l');
  const std::string small(8, 's');
  const std::vector<std::span<const std::byte>> bytes = {std::as_bytes(std::span(small)),
                                                         std::as_bytes(std::span(large))};
  const std::vector<TensorView> tensors = {{"a", Dtype::U8, {3'000'001}, bytes[1]},
                                           {"b", Dtype::U8, {0}},
                                           {"c", Dtype::F32, {2}, bytes[0]}};
  testing::PieceLog asked;
  const auto written =
      write_safetensors(dir / "asked", tensors, {.sha256 = true, .bytes_now = asked.hook()});
  EXPECT_TRUE(asked.covers(bytes));
  EXPECT_EQ(asked.largest(), 1U << 20);
  EXPECT_EQ(written.sha256, sha256_hex_of_file(dir / "asked"));
  write_safetensors(dir / "plain", tensors);
  EXPECT_TRUE(read_file(dir / "asked") == read_file(dir / "plain"));
}

TEST(WriteSafetensors, WritesTensorsAsTheyWereWhenTheyChangeMeanwhile) {
  const testing::TempDir dir;
  for (int pieces = 0; pieces <= 3; ++pieces) {
    SCOPED_TRACE(pieces);
    std::string data(3'000'001, 'x');
    const std::vector<TensorView> tensors = {
        {"a", Dtype::U8, {3'000'001}, std::as_bytes(std::span(data))}};
    write_safetensors(dir / "before", tensors);
    LiveBytes live;
    live.add(tensors[0].bytes);
    int piece = 0;
    write_safetensors(dir / "m", tensors, {.bytes_now = [&](std::span<const std::byte> bytes) {
                        if (piece++ == pieces) {
                          live.keep();
                          std::ranges::fill(data, 'y');
                        }
                        return live.read(bytes);
                      }});
    EXPECT_TRUE(read_file(dir / "m") == read_file(dir / "before"));
  }
}

TEST(WriteSafetensors, LeavesTheOldFileWhenTheBytesAreGivenUp) {
  const testing::TempDir dir;
  const auto path = dir / "m.safetensors";
  write_file_atomically(path, "old");
  const std::string data(3'000'001, 'x');
  const std::vector<TensorView> tensors = {
      {"a", Dtype::U8, {3'000'001}, std::as_bytes(std::span(data))}};
  LiveBytes live;
  int piece = 0;
  EXPECT_THROW(write_safetensors(path, tensors,
                                 {.bytes_now =
                                      [&](std::span<const std::byte> bytes) {
                                        if (piece++ == 1) live.cancel();
                                        return live.read(bytes);
                                      }}),
               CancelledError);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(names_in(dir.path()).size(), 1U);
}

TEST(WriteSafetensors, RefusesAnotherNumberOfBytesThanItAskedFor) {
  const testing::TempDir dir;
  const std::string data(4, 'x');
  const auto half = [](std::span<const std::byte> bytes) { return bytes.first(2); };
  EXPECT_EQ(message_of<InvalidArgumentError>([&] {
              write_safetensors(dir / "m", {{"a", Dtype::F32, {}, std::as_bytes(std::span(data))}},
                                {.bytes_now = half});
            }),
            "bytes_now gave 2 bytes for a piece of 4. It must give as many as it got.");
  EXPECT_TRUE(names_in(dir.path()).empty());
}

TEST(WriteSafetensors, RefusesWhatCannotBeReadBackAndListsAllOfIt) {
  const testing::TempDir dir;
  const std::string data(4, '\0');
  const auto bytes = std::as_bytes(std::span(data));
  try {
    write_safetensors(dir / "m", {{"a", Dtype::F32, {2}, bytes},
                                  {"b", Dtype::F32, {}, bytes},
                                  {"b", Dtype::F32, {}, bytes},
                                  {"c", Dtype::F4, {3}, bytes},
                                  {"__metadata__", Dtype::F32, {}, bytes}});
    FAIL();
  } catch (const InvalidArgumentError& error) {
    EXPECT_EQ(error.what(),
              "Cannot write '" + (dir / "m").string() +
                  "':\n  - '__metadata__' is not a name for a tensor\n"
                  "  - 'a': shape [2] of F32 takes 8 bytes, 4 were given\n"
                  "  - 'c': shape [3] of F4 takes an impossible number of bytes, 4 were given\n"
                  "  - 'b' is given twice");
  }
  EXPECT_TRUE(names_in(dir.path()).empty());
}

TEST(WriteSafetensors, LeavesTheOldFileWhenCancelled) {
  const testing::TempDir dir;
  const auto path = dir / "m.safetensors";
  write_file_atomically(path, "old");
  std::stop_source stop;
  stop.request_stop();
  const std::string data(4, '\0');
  EXPECT_THROW(write_safetensors(path, {{"a", Dtype::F32, {}, std::as_bytes(std::span(data))}},
                                 {.stop = stop.get_token()}),
               CancelledError);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(names_in(dir.path()).size(), 1U);
}

TEST(WriteSafetensors, LeavesTheOldFileWhenTheDiskIsFull) {
  const testing::SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  write_file_atomically(disk / "m.safetensors", "old");
  const std::string data(1 << 20, 'x');
  EXPECT_THROW(write_safetensors(disk / "m.safetensors",
                                 {{"a", Dtype::U8, {1 << 20}, std::as_bytes(std::span(data))}}),
               DiskFullError);
  EXPECT_EQ(read_file(disk / "m.safetensors"), "old");
  EXPECT_EQ(names_in(disk.path()).size(), 1U);
}

TEST(WriteSafetensors, HonoursTheUmask) {
  const testing::TempDir dir;
  const mode_t old = ::umask(027);
  write_safetensors(dir / "m.safetensors", {});
  ::umask(old);
  struct stat status = {};
  ASSERT_EQ(::stat((dir / "m.safetensors").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(WriteSafetensors, WritesWhatTheReaderReadsForAnyTensors) {
  const testing::TempDir dir;
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<std::string> buffers(random() % 20);
    std::vector<TensorView> views;
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const auto dtypes = safetensors::all_dtypes();
      const Dtype dtype = dtypes[random() % dtypes.size()];
      std::vector<std::int64_t> shape(random() % 4);
      for (auto& size : shape) size = static_cast<std::int64_t>(random() % 4);
      if (bits(dtype) < 8) shape.push_back(4);
      buffers[i].resize(*byte_count(dtype, shape));
      for (char& c : buffers[i]) c = static_cast<char>(random());
      views.push_back(
          {"t" + std::to_string(i), dtype, shape, std::as_bytes(std::span(buffers[i]))});
    }
    const auto path = dir / "m.safetensors";
    write_safetensors(path, views);
    const SafetensorsFile file(path);
    ASSERT_EQ(file.header().tensors.size(), views.size());
    for (const TensorView& view : views) {
      const auto& tensor = file.at(view.name);
      EXPECT_EQ(tensor.dtype, view.dtype);
      EXPECT_EQ(tensor.shape, view.shape);
      EXPECT_TRUE(std::ranges::equal(file.bytes(tensor), view.bytes));
    }
  }
}

}  // namespace
}  // namespace torchhub
