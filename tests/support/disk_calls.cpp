#include "support/disk_calls.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace torchhub::testing::disk_calls {
namespace {

namespace fs = std::filesystem;

struct Call {
  bool is_flush = false;
  std::string path;
  ino_t inode = 0;  ///< Of what was flushed.
};

struct Calls {
  std::mutex mutex;
  std::vector<Call> list;  // guarded by mutex

  static Calls& get() {
    static Calls calls;
    return calls;
  }
  void add(Call call) {
    const std::lock_guard lock(mutex);
    list.push_back(std::move(call));
  }
  template <typename Predicate>
  std::size_t last(Predicate fits) {
    const std::lock_guard lock(mutex);
    const auto found = std::find_if(list.rbegin(), list.rend(), fits);
    return found == list.rend() ? list.size() : static_cast<std::size_t>(list.rend() - found) - 1;
  }
};

void note_flush(int descriptor) {
  struct stat status {};
  std::error_code unnamed;
  const auto path = fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor), unnamed);
  if (::fstat(descriptor, &status) == 0) Calls::get().add({true, path.string(), status.st_ino});
}

/// Under this name, or one that the file had before.
auto is_flush_of(const fs::path& path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  return [path, exists, inode = status.st_ino](const Call& call) {
    return call.is_flush && (call.path == path || (exists && call.inode == inode));
  };
}

}  // namespace

void clear() {
  const std::lock_guard lock(Calls::get().mutex);
  Calls::get().list.clear();
}

std::size_t count() {
  const std::lock_guard lock(Calls::get().mutex);
  return Calls::get().list.size();
}

std::size_t flush_of(const fs::path& path) { return Calls::get().last(is_flush_of(path)); }

std::size_t times_flushed(const fs::path& path) {
  const std::lock_guard lock(Calls::get().mutex);
  const auto& list = Calls::get().list;
  return static_cast<std::size_t>(std::count_if(list.begin(), list.end(), is_flush_of(path)));
}

std::size_t rename_to(const fs::path& path) {
  return Calls::get().last([&](const Call& call) { return !call.is_flush && call.path == path; });
}

}  // namespace torchhub::testing::disk_calls

extern "C" int fsync(int descriptor) {
  torchhub::testing::disk_calls::note_flush(descriptor);
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int fdatasync(int descriptor) {
  torchhub::testing::disk_calls::note_flush(descriptor);
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  torchhub::testing::disk_calls::Calls::get().add({.path = to});
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
