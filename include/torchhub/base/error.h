#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// Root of everything torchhub throws. A message says what failed, where, and what to do; it never
/// holds a token.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message), message_(message) {}

  const char* what() const noexcept override { return message_.c_str(); }

  /// Puts "context: " before the message and keeps the type, for `catch (Error& e) {
  /// e.add_context("loading 'encoder.bias'"); throw; }`.
  void add_context(std::string_view context) {
    message_ = std::string(context).append(": ").append(message_);
  }

 private:
  std::string message_;
};

/// The caller asked for something that cannot be. Lists every problem found, not only the first.
class InvalidArgumentError : public Error {
 public:
  explicit InvalidArgumentError(const std::string& problem);
  /// @param what_is_wrong one line before the list, such as "TrainingArguments are not valid"
  InvalidArgumentError(std::string_view what_is_wrong, std::vector<std::string> problems);
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

/// A system call on a file or folder failed.
class FileError : public Error {
 public:
  FileError(std::string_view doing, std::filesystem::path path, int error_number);
  /// For faults that are not a system call's: "is a file where a folder is needed".
  FileError(const std::string& message, std::filesystem::path path);
  const std::filesystem::path& path() const { return path_; }
  /// The `errno` value, 0 if there was none.
  int error_number() const { return error_number_; }

 private:
  std::filesystem::path path_;
  int error_number_ = 0;
};

/// ENOSPC or EDQUOT. What was being written is gone again; what was there before is untouched.
class DiskFullError : public FileError {
 public:
  using FileError::FileError;
};

/// Somebody else held a file lock for longer than we were told to wait.
class FileLockTimeoutError : public Error {
 public:
  using Error::Error;
};

/// A stop token asked a long call to end. The disk is as if the call had never begun.
class CancelledError : public Error {
 public:
  using Error::Error;
};

/// Throws DiskFullError or FileError for `error_number`.
/// @param doing such as "write"; the message reads "Cannot write '<path>': No space left on
/// device."
[[noreturn]] void throw_file_error(std::string_view doing, const std::filesystem::path& path,
                                   int error_number);

}  // namespace torchhub
