#include "torchhub/base/mapped_file.h"

#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::TempDir;

TEST(MappedFile, ShowsTheFile) {
  const TempDir dir;
  write_file_atomically(dir / "a", "hello");
  const auto file = MappedFile::open(dir / "a");
  file->read_ahead();
  ASSERT_EQ(file->bytes().size(), 5U);
  EXPECT_EQ(file->bytes()[4], std::byte{'o'});
  EXPECT_EQ(file->path(), dir / "a");
}

TEST(MappedFile, KeepsWritingToItself) {
  const TempDir dir;
  write_file_atomically(dir / "a", "hello");
  MappedFile::open(dir / "a")->bytes()[0] = std::byte{'J'};
  EXPECT_EQ(read_file(dir / "a"), "hello");
}

TEST(MappedFile, OpensAnEmptyFile) {
  const TempDir dir;
  write_file_atomically(dir / "a", "");
  EXPECT_TRUE(MappedFile::open(dir / "a")->bytes().empty());
}

TEST(MappedFile, SaysWhatCannotBeOpened) {
  const TempDir dir;
  EXPECT_THROW(MappedFile::open(dir / "missing"), FileError);
  try {
    MappedFile::open(dir.path());
    FAIL();
  } catch (const FileError& error) {
    EXPECT_EQ(error.what(), "Cannot read '" + dir.path().string() + "': Is a directory.");
  }
}

}  // namespace
}  // namespace torchhub
