#include "server/store/repo_guard.h"

#include "torchhub/base/error.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

/// Whoever waited for the lock may hold that of a folder which lies in the trash by now.
bool is_still_at(const fs::path& place, const OpenFile& folder) {
  struct stat there {};
  struct stat held {};
  if (::stat(place.c_str(), &there) != 0 || ::fstat(folder.descriptor(), &held) != 0) return false;
  return there.st_dev == held.st_dev && there.st_ino == held.st_ino;
}

}  // namespace

std::optional<RepoGuard> RepoGuard::take(const fs::path& repository, int operation) {
  OpenFile folder(::open(repository.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.descriptor() < 0 && errno == ENOENT) return std::nullopt;
  if (folder.descriptor() < 0) throw_file_error("open", repository, errno);
  while (::flock(folder.descriptor(), operation) != 0) {
    if (errno != EINTR) throw_file_error("lock", repository, errno);
  }
  if (!is_still_at(repository, folder)) return std::nullopt;
  return RepoGuard(std::move(folder));
}

std::optional<RepoGuard> RepoGuard::shared(const fs::path& repository) {
  return take(repository, LOCK_SH);
}

std::optional<RepoGuard> RepoGuard::alone(const fs::path& repository) {
  return take(repository, LOCK_EX);
}

RepoWriters::Hold RepoWriters::join(const fs::path& repository) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(repository);
    if (Hold held = found != held_.end() ? found->second.lock() : nullptr) return held;
  }
  // Not under the mutex: writers of other repositories do not wait for this one's deletion.
  auto guard = RepoGuard::shared(repository);
  if (!guard) return nullptr;
  Hold hold = std::make_shared<const RepoGuard>(*std::move(guard));
  const std::lock_guard lock(mutex_);
  std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
  held_[repository] = hold;
  return hold;
}

}  // namespace torchhub::server
