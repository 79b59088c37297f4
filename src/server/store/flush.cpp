#include "server/store/flush.h"

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace torchhub::server {
namespace {

/// @return errno, or 0
int flush(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return error;
}

}  // namespace

void flush_together(const std::vector<std::filesystem::path>& paths) {
  constexpr std::size_t kMaxThreads = 8;
  std::vector<int> errors(paths.size(), 0);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < paths.size(); i = next++) errors[i] = flush(paths[i]);
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(paths.size(), kMaxThreads); ++i) {
      try {
        others.emplace_back(work);
      } catch (const std::system_error&) {  // no more threads: then one after another
        break;
      }
    }
    work();
  }
  const auto failed =
      std::find_if(errors.begin(), errors.end(), [](int error) { return error != 0; });
  if (failed == errors.end()) return;
  throw_file_error("flush", paths[static_cast<std::size_t>(failed - errors.begin())], *failed);
}

}  // namespace torchhub::server
