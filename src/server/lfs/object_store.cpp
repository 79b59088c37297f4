#include "server/lfs/object_store.h"

#include "server/http/api_error.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

namespace fs = std::filesystem;

int create(const fs::path& path, std::uint64_t size) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (descriptor < 0) throw_file_error("create", path, errno);
  if (size == 0) return descriptor;
  int error = 0;
  do {
    error = ::posix_fallocate(descriptor, 0, static_cast<off_t>(size));
  } while (error == EINTR);
  if (error == 0 || error == EOPNOTSUPP || error == EINVAL) return descriptor;
  ::close(descriptor);
  ::unlink(path.c_str());
  throw_file_error("reserve space for", path, error);
}

}  // namespace

std::optional<std::uint64_t> ObjectStore::size(std::string_view oid) const {
  if (!is_lfs_oid(oid)) return std::nullopt;
  struct stat info {};
  if (::stat(folder_.object(oid).c_str(), &info) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

std::optional<OpenFile> ObjectStore::open(std::string_view oid) const {
  const fs::path path = folder_.object(oid);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) return OpenFile(descriptor);
  if (errno == ENOENT) return std::nullopt;
  throw_file_error("read", path, errno);
}

ObjectStore::Upload::Upload(const ObjectStore& store, LfsPointer expected)
    : store_(store),
      expected_(std::move(expected)),
      path_(store.folder_.incoming() / random_hex(12)),
      file_(store.reserve(path_, expected_.size)),
      digest_(Digest::Algorithm::sha256) {}

ObjectStore::Upload::~Upload() { ::unlink(path_.c_str()); }

void ObjectStore::Upload::write(std::span<const std::byte> bytes) {
  size_ += bytes.size();
  if (size_ > expected_.size) {
    throw ApiError(422, fmt::format("More bytes came than the {} announced for object {}.",
                                    expected_.size, expected_.oid));
  }
  digest_.update(bytes);
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.descriptor(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void ObjectStore::Upload::commit() {
  if (size_ != expected_.size) {
    throw ApiError(422, fmt::format("Only {} of the {} bytes announced for object {} came.", size_,
                                    expected_.size, expected_.oid));
  }
  if (const std::string hash = digest_.hex(); hash != expected_.oid) {
    throw ApiError(422, fmt::format("The bytes have the SHA-256 {}, not the announced {}.", hash,
                                    expected_.oid));
  }
  const bool durable = store_.durability_ == Durability::full;
  if (durable && ::fsync(file_.descriptor()) != 0) throw_file_error("flush", path_, errno);
  store_.faults_.reach("lfs.bytes_flushed");

  const fs::path target = store_.folder_.object(expected_.oid);
  store_.make_fan_out(target.parent_path());
  // link(2) never replaces: whoever came first has the same bytes.
  if (::link(path_.c_str(), target.c_str()) != 0 && errno != EEXIST) {
    throw_file_error("create", target, errno);
  }
  sync_folder_if(store_.durability_, target.parent_path());
  store_.faults_.reach("lfs.linked");
}

OpenFile ObjectStore::reserve(const fs::path& path, std::uint64_t size) const {
  const auto turn = folder_.space_turn();
  return OpenFile(create(path, size));
}

void ObjectStore::make_fan_out(const fs::path& folder) const {
  make_folders(folder);
  // Also where they stood already: another upload may have made them a moment ago and not have
  // flushed their names yet, and this one is about to answer.
  sync_folder_if(durability_, folder.parent_path());
  sync_folder_if(durability_, folder.parent_path().parent_path());
}

}  // namespace torchhub::server
