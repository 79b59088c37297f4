#include "server/push/spool.h"

#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace torchhub::server {

Spool::Spool(const DataFolder& folder)
    : folder_(folder), path_(folder.incoming() / random_hex(12)) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  file_ = std::make_shared<OpenFile>(::open(path_.c_str(), kFlags, 0600));
  if (file_->descriptor() < 0) throw_file_error("create", path_, errno);
  ::unlink(path_.c_str());
}

void Spool::write(std::span<const std::byte> bytes) {
  const auto turn = folder_.space_turn();
  size_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_->descriptor(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::shared_ptr<const OpenFile> Spool::file() const {
  if (::lseek(file_->descriptor(), 0, SEEK_SET) != 0) throw_file_error("read", path_, errno);
  return file_;
}

}  // namespace torchhub::server
