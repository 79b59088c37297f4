#include "server/lfs/object_store.h"

#include "server/http/api_error.h"
#include "server/lfs/reserved_file.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/random_id.h"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace torchhub::server {

namespace fs = std::filesystem;

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
  if (bytes.size() > expected_.size - size_) {
    throw ApiError(422, fmt::format("More bytes came than the {} announced for object {}.",
                                    expected_.size, expected_.oid));
  }
  write_at(file_, size_, bytes, path_);
  digest_.update(bytes);
  size_ += bytes.size();
}

void ObjectStore::Upload::commit() {
  if (size_ != expected_.size) {
    throw ApiError(422, fmt::format("Only {} of the {} bytes announced for object {} came.", size_,
                                    expected_.size, expected_.oid));
  }
  need_hash(expected_.oid, digest_.hex());
  guard_.emplace(ObjectGuard::shared(store_.folder_.root()));
  store_.publish(path_, file_, expected_.oid);
}

void ObjectStore::publish(const fs::path& path, const OpenFile& file,
                          const std::string& oid) const {
  if (::fchmod(file.descriptor(), 0444) != 0) throw_file_error("protect", path, errno);
  const bool durable = durability_ == Durability::full;
  if (durable && ::fsync(file.descriptor()) != 0) throw_file_error("flush", path, errno);
  faults_.reach("lfs.bytes_flushed");

  const fs::path target = folder_.object(oid);
  make_fan_out(target.parent_path());
  // link(2) never replaces: whoever came first has the same bytes.
  if (::link(path.c_str(), target.c_str()) != 0 && errno != EEXIST) {
    throw_file_error("create", target, errno);
  }
  sync_folder_if(durability_, target.parent_path());
  faults_.reach("lfs.linked");
}

OpenFile ObjectStore::reserve(const fs::path& path, std::uint64_t size) const {
  const auto turn = folder_.space_turn();
  return make_reserved_file(path, size);
}

void ObjectStore::make_fan_out(const fs::path& folder) const {
  make_folders(folder);
  // Also where they stood already: another upload may have made them a moment ago and not have
  // flushed their names yet, and this one is about to answer.
  sync_folder_if(durability_, folder.parent_path());
  sync_folder_if(durability_, folder.parent_path().parent_path());
}

void need_hash(const std::string& oid, const std::string& hash) {
  if (hash == oid) return;
  throw ApiError(422,
                 fmt::format("The bytes have the SHA-256 {}, not the announced {}.", hash, oid));
}

}  // namespace torchhub::server
