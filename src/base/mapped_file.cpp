#include "torchhub/base/mapped_file.h"

#include "torchhub/base/error.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace torchhub {

std::shared_ptr<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  return std::shared_ptr<MappedFile>(new MappedFile(path));
}

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  struct Descriptor {
    int fd;
    ~Descriptor() {
      if (fd >= 0) ::close(fd);
    }
  } const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) throw_file_error("read", path, errno);

  struct stat status = {};
  if (::fstat(file.fd, &status) != 0) throw_file_error("read", path, errno);
  if (S_ISDIR(status.st_mode)) throw_file_error("read", path, EISDIR);
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;  // nothing to map, and mmap refuses it

  void* data = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) throw_file_error("map", path, errno);
  data_ = static_cast<std::byte*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::read_ahead() const {
  if (data_ != nullptr) ::madvise(data_, size_, MADV_WILLNEED);  // only a hint: may fail
}

}  // namespace torchhub
