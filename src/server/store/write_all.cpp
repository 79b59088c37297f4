#include "server/store/write_all.h"

#include "torchhub/base/error.h"

#include <cerrno>
#include <unistd.h>

namespace torchhub::server {

void write_all(const OpenFile& file, std::span<const std::byte> bytes,
               const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.descriptor(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace torchhub::server
