#pragma once

#include "server/http/response.h"
#include "server/store/data_folder.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace torchhub::server {

/// Bytes of a request on disk, so that they fill no memory however many there are. The file has no
/// name: it goes with its last reader, however that ends.
class Spool {
 public:
  /// @throws FileError
  explicit Spool(const DataFolder& folder);

  /// @throws DiskFullError, FileError
  void write(std::span<const std::byte> bytes);
  std::uint64_t size() const { return size_; }
  /// All of it, from its beginning.
  std::shared_ptr<const OpenFile> file() const;

 private:
  const DataFolder& folder_;
  std::filesystem::path path_;
  std::shared_ptr<OpenFile> file_;
  std::uint64_t size_ = 0;
};

}  // namespace torchhub::server
