#include "torchhub/base/atomic_file.h"

#include "base/under_construction.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// A descriptor closed at the end of the scope.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

void write_all(int fd, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void sync_path(const fs::path& path, int flags) {
  const Descriptor descriptor{::open(path.c_str(), flags | O_CLOEXEC)};
  if (descriptor.fd < 0) throw_file_error("open", path, errno);
  if (::fsync(descriptor.fd) != 0) throw_file_error("flush", path, errno);
}

fs::path parent_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

/// "a/b/" and "a/b" are the same place; a temporary sibling needs the second form.
fs::path without_trailing_slash(fs::path path) {
  return path.has_filename() ? path : path.parent_path();
}

/// A name beside `target` that nobody else has; long names are cut, since 255 bytes are the limit.
fs::path temporary_beside(const fs::path& target) {
  constexpr std::size_t kKept = 200;
  const std::string name = target.filename().string().substr(0, kKept);
  return parent_of(target) / fmt::format(".tmp-{}-{}", name, random_hex(4));
}

/// For file systems that cannot exchange: for a moment, and after a crash in it, `b` is not there
/// and what it was lies beside it as .tmp-…
void exchange_in_steps(const fs::path& a, const fs::path& b) {
  const fs::path aside = temporary_beside(b);
  if (::rename(b.c_str(), aside.c_str()) != 0) throw_file_error("replace", b, errno);
  if (::rename(a.c_str(), b.c_str()) != 0) {
    const int error = errno;
    ::rename(aside.c_str(), b.c_str());
    throw_file_error("replace", b, error);
  }
  if (::rename(aside.c_str(), a.c_str()) != 0) throw_file_error("remove", aside, errno);
}

/// Each gets the other's name, in one step where the file system can.
void exchange(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return;
  // EINVAL is the file system's word for it, ENOSYS that of an old kernel or a sandbox.
  if (errno != EINVAL && errno != ENOSYS) throw_file_error("replace", b, errno);
  exchange_in_steps(a, b);
}

}  // namespace

AtomicFile::AtomicFile(fs::path target) : target_(std::move(target)) {
  make_folders(parent_of(target_));
  temporary_ = temporary_beside(target_);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw_file_error("create", temporary_, errno);
}

AtomicFile::AtomicFile(fs::path target, fs::path temporary)
    : target_(std::move(target)), temporary_(std::move(temporary)) {
  make_folders(parent_of(target_));
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw_file_error("create", temporary_, errno);
  const off_t end = ::lseek(descriptor_, 0, SEEK_END);
  if (end < 0) {
    ::close(descriptor_);
    throw_file_error("read", temporary_, errno);
  }
  size_ = static_cast<std::size_t>(end);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write_all(descriptor_, bytes, target_);
  size_ += bytes.size();
}

void AtomicFile::write(std::string_view bytes) { write(std::as_bytes(std::span(bytes))); }

void AtomicFile::write_at(std::size_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", target_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::size_t>(count);
  }
}

void AtomicFile::commit() {
  const bool synced_later = UnderConstruction::covers(target_);
  if (!synced_later && ::fsync(descriptor_) != 0) throw_file_error("flush", target_, errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw_file_error("replace", target_, errno);
  }
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (synced_later && closed != 0) throw_file_error("write", target_, errno);
  sync_folder(parent_of(target_));
}

AtomicFolder::AtomicFolder(fs::path target) : target_(without_trailing_slash(std::move(target))) {
  temporary_ = temporary_beside(target_);
  make_folders(temporary_);
  under_construction_ = std::make_unique<const UnderConstruction>(temporary_);
}

AtomicFolder::~AtomicFolder() {
  if (temporary_.empty()) return;
  std::error_code ignored;  // a leftover .tmp- folder is never read and never uploaded
  fs::remove_all(temporary_, ignored);
}

void AtomicFolder::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(temporary_)) {
    if (entry.is_regular_file()) sync_path(entry.path(), O_RDONLY);
    if (entry.is_directory()) sync_path(entry.path(), O_RDONLY | O_DIRECTORY);
  }
  sync_path(temporary_, O_RDONLY | O_DIRECTORY);
  if (::rename(temporary_.c_str(), target_.c_str()) == 0) {
    temporary_.clear();
  } else if (errno == EEXIST || errno == ENOTEMPTY) {
    exchange(temporary_, target_);  // the old contents go with the destructor
  } else {
    throw_file_error("create", target_, errno);
  }
  sync_folder(parent_of(target_));
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void append_to_file(const fs::path& path, std::string_view bytes) {
  make_folders(parent_of(path));
  const Descriptor descriptor{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
  if (descriptor.fd < 0) throw_file_error("write", path, errno);
  struct stat before = {};
  if (::fstat(descriptor.fd, &before) != 0) throw_file_error("write", path, errno);
  try {
    write_all(descriptor.fd, std::as_bytes(std::span(bytes)), path);
  } catch (const FileError&) {
    // Shrinking needs no room; where even that fails, the first error is the one to tell.
    static_cast<void>(::ftruncate(descriptor.fd, before.st_size) == 0);
    throw;
  }
}

std::string read_file(const fs::path& path) {
  const Descriptor descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (descriptor.fd < 0) throw_file_error("read", path, errno);
  struct stat status = {};
  if (::fstat(descriptor.fd, &status) != 0) throw_file_error("read", path, errno);

  constexpr std::size_t kChunkBytes = std::size_t{1} << 16;
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(status.st_size) + 1);  // 0 for files such as /proc/...
  for (;;) {
    const std::size_t size = bytes.size();
    bytes.resize(bytes.capacity() > size ? bytes.capacity() : size + std::max(size, kChunkBytes));
    const ssize_t count = ::read(descriptor.fd, bytes.data() + size, bytes.size() - size);
    bytes.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return bytes;
    if (count < 0 && errno != EINTR) throw_file_error("read", path, errno);
  }
}

void make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && fs::is_directory(path)) return;
  for (fs::path part = path; !part.empty(); part = part.parent_path()) {
    std::error_code ignored;
    if (fs::exists(part, ignored) && !fs::is_directory(part, ignored)) {
      throw FileError(fmt::format("'{}' is a file where a folder is needed. Move it away or choose "
                                  "another folder.",
                                  part.string()),
                      part);
    }
    if (part == part.parent_path()) break;
  }
  throw_file_error("create the folder", path, error.value());
}

void sync_folder(const fs::path& path) {
  if (!UnderConstruction::covers(path)) sync_path(path, O_RDONLY | O_DIRECTORY);
}

}  // namespace torchhub
