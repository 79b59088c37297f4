#include "server/lfs/reserved_file.h"

#include "torchhub/base/error.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

/// The last flush waits for what is still in memory then, so no more than this is.
constexpr std::uint64_t kWindowBytes = std::uint64_t{8} << 20;

void begin_writing_back(const OpenFile& file, std::uint64_t offset, std::uint64_t end) {
  if (offset / kWindowBytes == end / kWindowBytes) return;
  const std::uint64_t from = offset / kWindowBytes * kWindowBytes;
  // Only a hint: a filesystem that cannot do this writes at the flush.
  ::sync_file_range(file.descriptor(), static_cast<off64_t>(from),
                    static_cast<off64_t>(end / kWindowBytes * kWindowBytes - from),
                    SYNC_FILE_RANGE_WRITE);
}

}  // namespace

OpenFile make_reserved_file(const std::filesystem::path& path, std::uint64_t size) {
  OpenFile file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (file.descriptor() < 0) throw_file_error("create", path, errno);
  if (size == 0) return file;
  int error = 0;
  do {
    error = ::posix_fallocate(file.descriptor(), 0, static_cast<off_t>(size));
  } while (error == EINTR);
  if (error == 0 || error == EOPNOTSUPP || error == EINVAL) return file;
  ::unlink(path.c_str());
  throw_file_error("reserve space for", path, error);
}

void write_at(const OpenFile& file, std::uint64_t offset, std::span<const std::byte> bytes,
              const std::filesystem::path& path) {
  const std::uint64_t start = offset;
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(file.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  begin_writing_back(file, start, offset);
}

}  // namespace torchhub::server
