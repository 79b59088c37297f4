#pragma once

#include "server/store/open_file.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace torchhub::server {

/// Keeps writing into a repository's folder and taking that folder away apart, between processes
/// too: a flock(2) on the folder.
///
/// Shared by every writer, from a look at whether the repository is still anybody's to its last
/// write: what it writes lands where the repository is, and makes no folder anew where it was. Held
/// alone by whoever moves or removes the folder, after the database says that it goes, so that no
/// more writers come.
class RepoGuard {
 public:
  /// Waits while the folder is taken away. @return nothing if it is not at its place (any more)
  /// @throws FileError
  static std::optional<RepoGuard> shared(const std::filesystem::path& repository);
  /// Waits for the writers that are at work. @return nothing if somebody else was faster
  static std::optional<RepoGuard> alone(const std::filesystem::path& repository);

 private:
  explicit RepoGuard(OpenFile lock) : lock_(std::move(lock)) {}
  static std::optional<RepoGuard> take(const std::filesystem::path& repository, int operation);
  OpenFile lock_;  ///< A lock belongs to one open(2), and ends with it.
};

/// The writers of this process. Those of one repository share one lock: a push may be the writer of
/// thousands of refs, and descriptors are few. Safe from several threads.
class RepoWriters {
 public:
  using Hold = std::shared_ptr<const RepoGuard>;
  /// As RepoGuard::shared().
  Hold join(const std::filesystem::path& repository);

 private:
  std::mutex mutex_;
  std::map<std::filesystem::path, std::weak_ptr<const RepoGuard>> held_;  // guarded by mutex_
};

}  // namespace torchhub::server
