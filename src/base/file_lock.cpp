#include "torchhub/base/file_lock.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/cancel.h"
#include "torchhub/base/clock.h"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace torchhub {

FileLock::FileLock(const std::filesystem::path& path, std::chrono::milliseconds timeout,
                   std::stop_token stop) {
  constexpr std::chrono::milliseconds kPoll{50};  // as filelock does
  if (path.has_parent_path()) make_folders(path.parent_path());
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
  if (descriptor_ < 0) throw_file_error("open the lock file", path, errno);

  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const bool late = std::chrono::steady_clock::now() >= deadline;
    if ((error != EWOULDBLOCK && error != EINTR) || late || stop.stop_requested()) {
      ::close(descriptor_);
      descriptor_ = -1;
      throw_if_cancelled(stop, "waiting for the lock '" + path.string() + "'");
      if (error != EWOULDBLOCK) throw_file_error("lock", path, error);
      throw FileLockTimeoutError(
          fmt::format("Another process has held the lock '{}' for {} ms. Wait for it to finish, or "
                      "end it.",
                      path.string(), timeout.count()));
    }
    system_clock()->sleep_for(kPoll, stop);
  }
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool is_locked(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return false;
  if (descriptor < 0) throw_file_error("open the lock file", path, errno);
  // Shared: two that look at the same time do not see each other.
  const int error = ::flock(descriptor, LOCK_SH | LOCK_NB) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0 && error != EWOULDBLOCK) throw_file_error("lock", path, error);
  return error != 0;
}

}  // namespace torchhub
