#include "server/store/object_guard.h"

#include "torchhub/base/error.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

namespace torchhub::server {
namespace {

OpenFile open_lock(const std::filesystem::path& data_folder) {
  const std::filesystem::path path = data_folder / "objects.lock";
  OpenFile lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.descriptor() < 0) throw_file_error("open", path, errno);
  return lock;
}

/// @return false if somebody has it; only with LOCK_NB
bool take(const OpenFile& lock, int operation, const std::filesystem::path& data_folder) {
  while (::flock(lock.descriptor(), operation) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return false;
    throw_file_error("lock", data_folder / "objects.lock", errno);
  }
  return true;
}

}  // namespace

ObjectGuard ObjectGuard::shared(const std::filesystem::path& data_folder) {
  ObjectGuard guard(open_lock(data_folder));
  take(guard.lock_, LOCK_SH, data_folder);
  return guard;
}

ObjectGuard ObjectGuard::alone(const std::filesystem::path& data_folder, const Clock& clock,
                               std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kPause{2};
  ObjectGuard guard(open_lock(data_folder));
  const auto deadline = clock.steady_now() + timeout;
  // Not a plain wait: its end would have no limit.
  while (!take(guard.lock_, LOCK_EX | LOCK_NB, data_folder)) {
    if (clock.steady_now() > deadline) {
      throw Error(
          "Uploads and commits left no gap to remove objects in. Collect at a quieter time.");
    }
    clock.sleep_for(kPause);
  }
  return guard;
}

}  // namespace torchhub::server
