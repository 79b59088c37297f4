#pragma once

#include "server/http/response.h"
#include "server/store/data_folder.h"
#include "server/store/fault_point.h"
#include "server/store/object_guard.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/lfs_pointer.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace torchhub::server {

/// LFS objects by their SHA-256: written once, never changed. Safe from several threads.
class ObjectStore {
 public:
  ObjectStore(const DataFolder& folder, Durability durability, const FaultPoint& faults)
      : folder_(folder), durability_(durability), faults_(faults) {}

  std::optional<std::uint64_t> size(std::string_view oid) const;
  /// Nothing if it is not there.
  std::optional<OpenFile> open(std::string_view oid) const;

  /// A new file with its space reserved. @throws DiskFullError, FileError
  OpenFile reserve(const std::filesystem::path& path, std::uint64_t size) const;
  /// Makes a whole and checked file of incoming/ the object, visible and durable; the file keeps
  /// its old name as well. Two files of one object may both be published.
  void publish(const std::filesystem::path& path, const OpenFile& file,
               const std::string& oid) const;

  /// An object on its way in. Nothing stays without commit().
  class Upload {
   public:
    /// Reserves the space. @throws DiskFullError, FileError
    Upload(const ObjectStore& store, LfsPointer expected);
    ~Upload();
    Upload(const Upload&) = delete;
    Upload& operator=(const Upload&) = delete;

    /// @throws ApiError 422 for more bytes than announced; DiskFullError, FileError
    void write(std::span<const std::byte> bytes);
    /// Checks size and hash, then makes the object visible and durable. Two uploads of one object
    /// may both commit. The collector leaves it alone while the upload lives: link it to its
    /// repository before that ends. @throws ApiError 422 if the bytes are not those of the id
    void commit();

   private:
    const ObjectStore& store_;
    LfsPointer expected_;
    std::filesystem::path path_;
    OpenFile file_;
    Digest digest_;
    std::uint64_t size_ = 0;
    std::optional<ObjectGuard> guard_ = std::nullopt;
  };

 private:
  /// As make_folders, with the parents of both levels synced.
  void make_fan_out(const std::filesystem::path& folder) const;

  const DataFolder& folder_;
  Durability durability_;
  const FaultPoint& faults_;
};

/// @throws ApiError 422 if `hash` is not that of the object
void need_hash(const std::string& oid, const std::string& hash);

}  // namespace torchhub::server
