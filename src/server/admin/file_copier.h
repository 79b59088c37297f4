#pragma once

#include "torchhub/server/backup.h"

#include <filesystem>
#include <optional>
#include <string_view>

namespace torchhub::server {

/// Files from one data folder into another. What may be changed later is flushed by flush() only.
class FileCopier {
 public:
  FileCopier(std::filesystem::path from, std::filesystem::path to,
             std::optional<std::filesystem::path> since, BackupReport& report)
      : from_(std::move(from)), to_(std::move(to)), since_(std::move(since)), report_(report) {}

  /// A file that is never changed: kept if it is there, else linked, else copied.
  /// @return false if it is not there (any more) @throws DiskFullError, FileError
  bool place(const std::filesystem::path& name);
  /// A file that changes: always copied, and replaced in one step. @return as place()
  bool copy(const std::filesystem::path& name);
  /// The same under another name.
  bool copy_as(const std::filesystem::path& name, const std::filesystem::path& new_name);
  /// A small file of our own making. @throws as copy()
  void write(const std::filesystem::path& name, std::string_view text);
  /// Everything on the file system of the target. @throws FileError
  void flush() const;

 private:
  enum class Flush { yes, no };
  bool copy_bytes(const std::filesystem::path& from, const std::filesystem::path& to, Flush flush);

  std::filesystem::path from_;
  std::filesystem::path to_;
  std::optional<std::filesystem::path> since_;
  BackupReport& report_;
};

}  // namespace torchhub::server
