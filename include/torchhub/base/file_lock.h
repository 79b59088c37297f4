#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>

namespace torchhub {

/// An exclusive flock(2) on a lock file, the same lock that Python's filelock takes, so that it
/// holds between our processes and Python's. Freed by the destructor, and by the kernel if the
/// process dies. The lock file itself stays.
class FileLock {
 public:
  /// Waits up to `timeout`. @throws FileLockTimeoutError, CancelledError, FileError
  explicit FileLock(const std::filesystem::path& path,
                    std::chrono::milliseconds timeout = std::chrono::minutes(10),
                    std::stop_token stop = {});
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// Does somebody have this FileLock? By a look that makes no file and keeps nobody waiting for more
/// than a moment. @throws FileError
bool is_locked(const std::filesystem::path& path);

}  // namespace torchhub
