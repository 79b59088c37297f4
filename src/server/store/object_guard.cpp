#include "server/store/object_guard.h"

#include "torchhub/base/error.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace torchhub::server {
namespace {

/// A lock belongs to one open(2), so each guard opens the file anew.
int open_lock(const std::filesystem::path& data_folder) {
  const std::filesystem::path path = data_folder / "objects.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) throw_file_error("open", path, errno);
  return descriptor;
}

/// @return false if somebody has it; only with LOCK_NB
bool take(int descriptor, int operation, const std::filesystem::path& data_folder) {
  while (::flock(descriptor, operation) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return false;
    const int error = errno;
    ::close(descriptor);
    throw_file_error("lock", data_folder / "objects.lock", error);
  }
  return true;
}

}  // namespace

ObjectGuard ObjectGuard::shared(const std::filesystem::path& data_folder) {
  const int descriptor = open_lock(data_folder);
  take(descriptor, LOCK_SH, data_folder);
  return ObjectGuard(descriptor);
}

ObjectGuard ObjectGuard::alone(const std::filesystem::path& data_folder, const Clock& clock,
                               std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kPause{2};
  ObjectGuard guard(open_lock(data_folder));
  const auto deadline = clock.steady_now() + timeout;
  // Not a plain wait: its end would have no limit.
  while (!take(guard.descriptor_, LOCK_EX | LOCK_NB, data_folder)) {
    if (clock.steady_now() > deadline) {
      throw Error(
          "Uploads and commits left no gap to remove objects in. Collect at a quieter time.");
    }
    clock.sleep_for(kPause);
  }
  return guard;
}

ObjectGuard::~ObjectGuard() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

ObjectGuard::ObjectGuard(ObjectGuard&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace torchhub::server
