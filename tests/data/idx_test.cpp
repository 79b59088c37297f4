#include "torchhub/data/idx.h"

#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

/// Two rows of three int16: 1, 2, 3 and -1, 256, 0.
const std::string kShorts = std::string("\0\0\x0b\x02", 4) +
                            std::string("\0\0\0\x02\0\0\0\x03", 8) +
                            std::string("\0\x01\0\x02\0\x03\xff\xff\x01\0\0\0", 12);

/// 2^31 times 4 numbers of 8 bytes, but none of them is there.
const std::string kBareClaim = std::string("\0\0\x0e\x02\x80\0\0\0\0\0\0\x04", 12);

/// As gzip stores what it cannot make smaller. @param crc of `bytes`, little endian
std::string gzipped(const std::string& bytes, const std::string& crc) {
  const auto size = static_cast<char>(bytes.size());
  return std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10) + '\x01' + size + '\0' +
         static_cast<char>(~size) + '\xff' + bytes + crc + size + std::string(3, '\0');
}
const std::string kGzippedShorts = gzipped(kShorts, "\xea\x5a\x44\xe6");

TEST(ReadIdx, ReadsBigEndianNumbersOfThePlainForm) {
  const TempDir folder;
  write_file_atomically(folder / "a.idx", kShorts);
  EXPECT_TRUE(torch::equal(read_idx(folder / "a.idx"),
                           torch::tensor({{1, 2, 3}, {-1, 256, 0}}, torch::kInt16)));
}

TEST(ReadIdx, GivesAnErrorForAFileCutAnywhere) {
  const TempDir folder;
  for (std::size_t length = 0; length < kShorts.size(); ++length) {
    SCOPED_TRACE(length);
    write_file_atomically(folder / "cut.idx", kShorts.substr(0, length));
    EXPECT_THROW(read_idx(folder / "cut.idx"), DatasetError);
  }
}

TEST(ReadIdx, ReadsTheGzippedForm) {
  const TempDir folder;
  write_file_atomically(folder / "a.gz", kGzippedShorts);
  EXPECT_TRUE(torch::equal(read_idx(folder / "a.gz"),
                           torch::tensor({{1, 2, 3}, {-1, 256, 0}}, torch::kInt16)));
}

TEST(ReadIdx, GivesAnErrorForAGzippedFileCutAnywhereEvenInItsTrailer) {
  const TempDir folder;
  for (std::size_t length = 0; length < kGzippedShorts.size(); ++length) {
    SCOPED_TRACE(length);
    write_file_atomically(folder / "cut.gz", kGzippedShorts.substr(0, length));
    EXPECT_THROW(read_idx(folder / "cut.gz"), DatasetError);
  }
  EXPECT_EQ(message_of<DatasetError>([&] { read_idx(folder / "cut.gz"); }),
            "'" + (folder / "cut.gz").string() + "' is cut short. Copy or install it again.");
}

TEST(ReadIdx, TellsAWrongChecksumFromBytesAfterTheEnd) {
  const TempDir folder;
  write_file_atomically(folder / "a.gz", gzipped(kShorts, "\xea\x5a\x44\xe7"));
  EXPECT_EQ(message_of<DatasetError>([&] { read_idx(folder / "a.gz"); }),
            "'" + (folder / "a.gz").string() + "' is damaged. Copy or install it again.");
}

TEST(ReadIdx, TakesNoMemoryForNumbersThatTheFileHasNoRoomFor) {
  const TempDir folder;
  write_file_atomically(folder / "a", kBareClaim);
  write_file_atomically(folder / "b", gzipped(kBareClaim, "\x99\x9f\xbc\x1f"));
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(message_of<DatasetError>([&] { read_idx(folder / name); }),
              "'" + (folder / name).string() +
                  "' claims 68719476736 bytes of numbers, more than a file of its length can hold. "
                  "Copy or install it again.");
  }
}

TEST(ReadIdx, RefusesOtherFilesAndBytesAfterTheEnd) {
  const TempDir folder;
  write_file_atomically(folder / "png", "\x89PNG\r\n");
  EXPECT_THROW(read_idx(folder / "png"), DatasetError);
  write_file_atomically(folder / "type", std::string("\0\0\x07\x01\0\0\0\0", 8));
  EXPECT_THROW(read_idx(folder / "type"), DatasetError);
  write_file_atomically(folder / "huge", std::string("\0\0\x08\x03", 4) + std::string(12, '\xff'));
  EXPECT_THROW(read_idx(folder / "huge"), DatasetError);
  write_file_atomically(folder / "hole",
                        std::string("\0\0\x08\x04\0\0\0\0", 8) + std::string(12, '\xff'));
  EXPECT_THROW(read_idx(folder / "hole"), DatasetError);
  write_file_atomically(folder / "long", kShorts + "x");
  EXPECT_THROW(read_idx(folder / "long"), DatasetError);
  EXPECT_THROW(read_idx(folder / "none"), FileError);
}

TEST(FashionMnist, HasSixtyThousandAndTenThousandImages) {
  const auto train = fashion_mnist("train");
  const auto test = fashion_mnist("test");
  EXPECT_EQ(train->size(), 60000);
  EXPECT_EQ(test->size(), 10000);
  const Batch sample = train->get(0);
  EXPECT_EQ(sample.at("pixel_values").sizes(), (torch::IntArrayRef{1, 28, 28}));
  EXPECT_EQ(sample.at("labels").item<std::int64_t>(), 9);  // an ankle boot
}

TEST(FashionMnist, SaysWhichPackageIsMissingAndWhichSplitsThereAre) {
  const TempDir folder;
  try {
    fashion_mnist("train", folder.path());
    FAIL() << "nothing was thrown";
  } catch (const FileError& error) {
    EXPECT_NE(std::string(error.what()).find("dataset-fashion-mnist"), std::string::npos);
  }
  EXPECT_THROW(fashion_mnist("validation"), InvalidArgumentError);
}

}  // namespace
}  // namespace torchhub
