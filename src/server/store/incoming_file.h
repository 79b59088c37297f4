#pragma once

#include "server/http/response.h"
#include "server/store/data_folder.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace torchhub::server {

/// A file on its way into the data folder. Nothing stays without move_to().
class IncomingFile {
 public:
  /// @param bytes reserved at once; 0 where nobody knows. @throws DiskFullError, FileError
  IncomingFile(const DataFolder& folder, std::uint64_t bytes);
  ~IncomingFile();
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  /// @throws DiskFullError, FileError
  void write(std::span<const std::byte> bytes);
  /// Keeps the first `size` bytes, and makes the file's bytes durable.
  void finish(std::uint64_t size, Durability durability);
  /// Once finished. Replaces what is there; the name is durable.
  void move_to(const std::filesystem::path& target, Durability durability);

 private:
  std::filesystem::path path_;
  OpenFile file_;
};

}  // namespace torchhub::server
