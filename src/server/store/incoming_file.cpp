#include "server/store/incoming_file.h"

#include "server/store/write_all.h"
#include "torchhub/base/error.h"
#include "torchhub/base/random_id.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

int create(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) throw_file_error("create", path, errno);
  return descriptor;
}

int reserve(int descriptor, std::uint64_t bytes) {
  int error = 0;
  do {
    error = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  } while (error == EINTR);
  return error == EOPNOTSUPP || error == EINVAL ? 0 : error;
}

}  // namespace

IncomingFile::IncomingFile(const DataFolder& folder, std::uint64_t bytes)
    : path_(folder.incoming() / random_hex(12)), file_(create(path_)) {
  if (bytes == 0) return;
  const auto turn = folder.space_turn();
  const int error = reserve(file_.descriptor(), bytes);
  if (error == 0) return;
  ::unlink(path_.c_str());  // the destructor of what was never made does not run
  throw_file_error("reserve space for", path_, error);
}

IncomingFile::~IncomingFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void IncomingFile::write(std::span<const std::byte> bytes) { write_all(file_, bytes, path_); }

void IncomingFile::finish(std::uint64_t size, Durability durability) {
  if (::ftruncate(file_.descriptor(), static_cast<off_t>(size)) != 0) {
    throw_file_error("cut", path_, errno);
  }
  const bool durable = durability == Durability::full;
  if (durable && ::fsync(file_.descriptor()) != 0) throw_file_error("flush", path_, errno);
}

void IncomingFile::move_to(const fs::path& target, Durability durability) {
  if (::rename(path_.c_str(), target.c_str()) != 0) throw_file_error("create", target, errno);
  path_.clear();
  sync_folder_if(durability, target.parent_path());
}

}  // namespace torchhub::server
