#include "server/lfs/part_upload.h"

#include "server/lfs/reserved_file.h"
#include "torchhub/base/cancel.h"
#include "torchhub/base/error.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

OpenFile open_file(const std::filesystem::path& path, int flags) {
  OpenFile file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.descriptor() < 0) throw_file_error("open", path, errno);
  return file;
}

/// Reads the file for a hash.
PartsHash::ReadFn reader_of(const OpenFile& file, const std::filesystem::path& path,
                            std::stop_token stop = {}) {
  return [&file, &path, stop](std::uint64_t offset, std::span<std::byte> room) {
    throw_if_cancelled(stop, "hashing an object");
    ssize_t count = 0;
    do {
      count = ::pread(file.descriptor(), room.data(), room.size(), static_cast<off_t>(offset));
    } while (count < 0 && errno == EINTR);
    if (count < 0) throw_file_error("read", path, errno);
    return static_cast<std::size_t>(count);
  };
}

}  // namespace

PartFile::PartFile(UnfinishedUpload upload, std::filesystem::path path,
                   std::set<std::uint64_t> parts)
    : upload_(std::move(upload)), path_(std::move(path)), parts_(std::move(parts)) {}

void PartFile::seal() {
  const std::unique_lock lock(gate_);
  sealed_ = true;
}

void PartFile::unseal() {
  const std::unique_lock lock(gate_);
  sealed_ = false;
}

std::string PartFile::hash(const std::stop_token& stop) const {
  const OpenFile file = open_file(path_, O_RDONLY);
  return hash_.finish(upload_.object.size, reader_of(file, path_, stop));
}

void PartFile::catch_up() {
  const PartPlan parts = plan();
  const auto length = [&](std::uint64_t offset) -> std::uint64_t {
    const std::uint64_t number = parts.number_at(offset);
    const std::lock_guard lock(mutex_);
    return parts.has(number) && parts_.contains(number) ? parts.length(number) : 0;
  };
  try {
    const OpenFile file = open_file(path_, O_RDONLY);
    hash_.catch_up(length, 2 * parts.chunk_bytes, reader_of(file, path_));
  } catch (const FileError&) {
    // It may be complete and gone by now; if not, the completion reads it again, and says so.
  }
}

PartUpload::PartUpload(std::shared_ptr<PartFile> file, std::uint64_t number)
    : file_(std::move(file)),
      number_(number),
      descriptor_(open_file(file_->path(), O_WRONLY)),
      hash_(file_->hash_.begin(file_->plan().offset(number))) {}

PartUpload::~PartUpload() {
  if (!done_) file_->hash_.abandon(hash_);
}

void PartUpload::write(std::span<const std::byte> bytes) {
  {
    const std::shared_lock lock(file_->gate_);
    dropped_ = dropped_ || file_->sealed_;
    if (!dropped_) {
      write_at(descriptor_, file_->plan().offset(number_) + size_, bytes, file_->path());
    }
  }
  hash_.update(bytes);
  size_ += bytes.size();
}

void PartUpload::flush(Durability durability) {
  if (durability == Durability::full && ::fdatasync(descriptor_.descriptor()) != 0) {
    throw_file_error("flush", file_->path(), errno);
  }
}

void PartUpload::done() {
  if (dropped_) return;
  {
    const std::lock_guard lock(file_->mutex_);
    file_->parts_.insert(number_);
  }
  file_->hash_.end(hash_, size_);
  done_ = true;
  file_->catch_up();
}

}  // namespace torchhub::server
