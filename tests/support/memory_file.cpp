#include "support/memory_file.h"

#include "torchhub/base/error.h"

#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

namespace torchhub::testing {

MemoryFile::MemoryFile() : descriptor_(::memfd_create("torchhub-test", MFD_CLOEXEC)) {
  if (descriptor_ < 0) throw_file_error("create", "(memory)", errno);
}

MemoryFile::~MemoryFile() { ::close(descriptor_); }

std::filesystem::path MemoryFile::path() const {
  return "/proc/self/fd/" + std::to_string(descriptor_);
}

void MemoryFile::set(std::string_view bytes) {
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw_file_error("write", path(), errno);
  }
}

}  // namespace torchhub::testing
