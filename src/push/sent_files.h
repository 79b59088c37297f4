#pragma once

#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"

#include <filesystem>
#include <string>

namespace torchhub {

/// What pushes to each place were about to put there, by content, until one of them is noted as
/// done: where a process dies in between and its job gives way to a newer one, the files on the Hub
/// are known for ours all the same. Pusher's thread.
class SentFiles {
 public:
  explicit SentFiles(const PushJournal& journal) : file_(journal.folder() / "sending.json") {}

  /// Before the commit. @param job its sha256 has all its files. @throws FileError, DiskFullError
  void note(const PushJob& job) const;
  /// After it, and after it was noted. @throws FileError, DiskFullError
  void forget(const PushJob& job) const;
  /// May the file have come from here? @param content_id RepoTreeEntry::content_id()
  /// @throws FileError
  bool hold(const PushJob& job, const std::string& path, const std::string& content_id) const;
  /// May its deletion have come from here? @throws FileError
  bool may_have_deleted(const PushJob& job, const std::string& path) const;

 private:
  std::filesystem::path file_;
};

}  // namespace torchhub
