#include "support/held_files.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <sys/syscall.h>
#include <unistd.h>

namespace torchhub::testing {
namespace {

struct Hold {
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> is_on = false;
  std::string part;         // guarded by mutex, as all below
  std::size_t allowed = 0;  // bytes
  std::thread::id exempt;
  long held = 0;  // thread of the kernel's; 0: none
  bool is_waiting = false;
  std::size_t times_let_go = 0;  // another hold may begin before the held thread wakes up

  static Hold& get() {
    static Hold hold;
    return hold;
  }

  void before_write(const std::string& path, std::size_t bytes) {
    std::unique_lock lock(mutex);
    if (!is_on || std::this_thread::get_id() == exempt) return;
    if (path.find(part) == std::string::npos) return;
    if (bytes <= allowed) {
      allowed -= bytes;
      return;
    }
    held = ::syscall(SYS_gettid);
    is_waiting = true;
    changed.notify_all();
    changed.wait(lock, [this, before = times_let_go] { return times_let_go != before; });
  }
};

std::string path_of(int descriptor) {
  std::array<char, 4096> path{};
  const ssize_t size =
      ::readlink(fmt::format("/proc/self/fd/{}", descriptor).c_str(), path.data(), path.size());
  return size < 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(size));
}

}  // namespace

HeldFiles::HeldFiles() { Hold::get().exempt = std::this_thread::get_id(); }

HeldFiles::~HeldFiles() { let_go(); }

void HeldFiles::hold(const std::string& part, std::size_t bytes) {
  Hold& hold = Hold::get();
  const std::lock_guard lock(hold.mutex);
  hold.part = part;
  hold.allowed = bytes;
  hold.held = 0;
  hold.is_on = true;
}

void HeldFiles::let_go() {
  Hold& hold = Hold::get();
  const std::lock_guard lock(hold.mutex);
  hold.is_on = false;
  hold.is_waiting = false;
  ++hold.times_let_go;
  hold.changed.notify_all();
}

void HeldFiles::wait_until_held() const {
  Hold& hold = Hold::get();
  std::unique_lock lock(hold.mutex);
  hold.changed.wait(lock, [&] { return hold.is_waiting; });
}

void HeldFiles::wait_for_its_end() const {
  Hold& hold = Hold::get();
  const auto thread = [&] {
    const std::lock_guard lock(hold.mutex);
    return hold.held;
  }();
  if (thread == 0) return;
  while (std::filesystem::exists(fmt::format("/proc/self/task/{}", thread))) {
    std::this_thread::yield();
  }
}

}  // namespace torchhub::testing

/// The linker takes it for the C library's.
extern "C" ssize_t write(int descriptor, const void* bytes, std::size_t size) {
  auto& hold = torchhub::testing::Hold::get();
  if (hold.is_on) hold.before_write(torchhub::testing::path_of(descriptor), size);
  return ::syscall(SYS_write, descriptor, bytes, size);
}
