#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace torchhub {
namespace {

TEST(Error, KeepsItsTypeWhenContextIsAdded) {
  try {
    try {
      throw FileError("read", "/x", ENOENT);
    } catch (Error& error) {
      error.add_context("loading 'encoder.bias'");
      throw;
    }
  } catch (const FileError& error) {
    EXPECT_STREQ(error.what(),
                 "loading 'encoder.bias': Cannot read '/x': No such file or directory.");
    EXPECT_EQ(error.error_number(), ENOENT);
  }
}

TEST(InvalidArgumentError, ListsEveryProblem) {
  const InvalidArgumentError error("TrainingArguments are not valid", {"a is 0", "b is 1"});
  EXPECT_STREQ(error.what(), "TrainingArguments are not valid:\n  - a is 0\n  - b is 1");
  EXPECT_EQ(error.problems().size(), 2U);
  EXPECT_EQ(InvalidArgumentError("one").problems(), std::vector<std::string>{"one"});
}

TEST(FileError, SaysWhatToDo) {
  const auto text = [](int number) { return std::string(FileError("write", "/x", number).what()); };
  EXPECT_EQ(
      text(EACCES),
      "Cannot write '/x': Permission denied. Check the permissions of the file and its folder.");
  EXPECT_EQ(
      text(EROFS),
      "Cannot write '/x': Read-only file system. The file system is read-only; choose another "
      "folder.");
  EXPECT_EQ(text(EIO), "Cannot write '/x': Input/output error.");
}

TEST(ThrowFileError, TellsAFullDiskFromOtherFaults) {
  EXPECT_THROW(throw_file_error("write", "/x", ENOSPC), DiskFullError);
  EXPECT_THROW(throw_file_error("write", "/x", EDQUOT), DiskFullError);
  try {
    throw_file_error("write", "/x", EIO);
  } catch (const DiskFullError&) {
    FAIL();
  } catch (const FileError&) {
  }
}

}  // namespace
}  // namespace torchhub
