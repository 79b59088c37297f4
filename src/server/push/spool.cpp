#include "server/push/spool.h"

#include "server/store/write_all.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include <utility>

namespace torchhub::server {
namespace {

constexpr std::uint64_t kInMemory = std::uint64_t{64} << 10;
constexpr const char* kName = "a request's body";

/// Without a name from its first moment.
OpenFile new_file(const std::filesystem::path& path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  OpenFile file(::open(path.c_str(), kFlags, 0600));
  if (file.descriptor() < 0) throw_file_error("create", path, errno);
  ::unlink(path.c_str());
  return file;
}

}  // namespace

Spool::Spool(const DataFolder& folder)
    : folder_(folder), file_(std::make_shared<OpenFile>(::memfd_create("spool", MFD_CLOEXEC))) {
  if (file_->descriptor() < 0) throw_file_error("create", kName, errno);
}

void Spool::write(std::span<const std::byte> bytes) {
  const auto turn = folder_.space_turn();
  if (!on_disk_ && size_ + bytes.size() > kInMemory) move_to_disk();
  size_ += bytes.size();
  write_all(*file_, bytes, kName);
}

void Spool::move_to_disk() {
  OpenFile to = new_file(folder_.incoming() / random_hex(12));
  off_t done = 0;
  while (std::cmp_less(done, size_)) {
    const auto left = size_ - static_cast<std::uint64_t>(done);
    const ssize_t count = ::sendfile(to.descriptor(), file_->descriptor(), &done, left);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw_file_error("write", kName, count == 0 ? EIO : errno);
  }
  *file_ = std::move(to);
  on_disk_ = true;
}

std::shared_ptr<const OpenFile> Spool::file() const {
  if (::lseek(file_->descriptor(), 0, SEEK_SET) != 0) throw_file_error("read", kName, errno);
  return file_;
}

}  // namespace torchhub::server
