#pragma once

#include "server/http/response.h"
#include "server/store/data_folder.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace torchhub::server {

/// Bytes of a request: few in memory, so that a clone works on a full disk, more on the disk, so
/// that they fill no memory however many there are. The file has no name: it goes with its last
/// reader, however that ends.
class Spool {
 public:
  /// @throws Error if the system has no room for a file in memory
  explicit Spool(const DataFolder& folder);

  /// @throws DiskFullError, FileError
  void write(std::span<const std::byte> bytes);
  std::uint64_t size() const { return size_; }
  /// All of it, from its beginning.
  std::shared_ptr<const OpenFile> file() const;

 private:
  void move_to_disk();

  const DataFolder& folder_;
  std::shared_ptr<OpenFile> file_;
  bool on_disk_ = false;
  std::uint64_t size_ = 0;
};

}  // namespace torchhub::server
