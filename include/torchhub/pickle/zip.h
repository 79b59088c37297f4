#pragma once

#include "torchhub/base/atomic_file.h"
#include "torchhub/base/bytes_now.h"
#include "torchhub/base/mapped_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/base/written_file.h"
#include "torchhub/pickle/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace torchhub::pickle {

/// An entry of a zip archive, stored without compression.
struct ZipEntry {
  std::string name;
  std::uint64_t offset = 0;  ///< Of its first byte in the file.
  std::uint64_t size = 0;    ///< Bytes.
  std::uint32_t crc32 = 0;
};

/// A mapped zip archive as torch.save makes them: entries stored, Zip64 where needed. The directory
/// is checked when it is opened. Reading is safe from several threads.
class ZipFile {
 public:
  /// @throws PickleError, also for compressed or encrypted entries and double names
  explicit ZipFile(std::shared_ptr<MappedFile> file);
  ZipFile(ZipFile&&) noexcept = default;
  ZipFile& operator=(ZipFile&&) noexcept = default;

  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Null if there is none.
  const ZipEntry* find(std::string_view name) const;
  /// Without a copy; lives as long as mapping().
  std::span<const std::byte> bytes(const ZipEntry& entry) const;
  /// @throws PickleError if the bytes are not those that were written
  void check_crc(const ZipEntry& entry) const;
  const std::shared_ptr<MappedFile>& mapping() const { return file_; }

 private:
  std::shared_ptr<MappedFile> file_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string_view, std::size_t> places_;  // keys live in entries_, so no copies
};

struct ZipWriteOptions {
  bool sha256 = false;  ///< Also give the file's digest, made while writing.
  /// Sizes and offsets from here on take the Zip64 form; less than this only in tests.
  std::uint64_t zip64_from = 0xFFFFFFFF;
};

/// Writes what torch 2.14 writes, byte for byte: stored entries whose contents begin at multiples
/// of 64. Nobody sees the file before commit().
class ZipWriter {
 public:
  /// @param zip64_from see ZipWriteOptions @throws FileError
  explicit ZipWriter(const std::filesystem::path& path, std::uint64_t zip64_from = 0xFFFFFFFF);
  ZipWriter(const std::filesystem::path& path, const ZipWriteOptions& options);

  /// Reads each byte once, from front to back. @param bytes_now gives the bytes to write; unset:
  /// `bytes` as they lie @throws DiskFullError, FileError, and what bytes_now throws
  void add(std::string name, std::span<const std::byte> bytes, const BytesNow& bytes_now = {});
  void add(std::string name, std::string_view text);
  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Writes the directory and puts the file in its place. @throws DiskFullError, FileError
  WrittenFile commit();

 private:
  void write(std::span<const std::byte> bytes);
  void write(std::string_view bytes);
  std::string local_header(const std::string& name, std::uint64_t size) const;
  std::string descriptor(const ZipEntry& entry) const;
  std::string directory_entry(std::size_t index) const;

  AtomicFile file_;
  std::optional<Digest> digest_;
  std::uint64_t zip64_from_;
  std::vector<ZipEntry> entries_;
  std::vector<std::uint64_t> header_offsets_;  // of entries_
};

}  // namespace torchhub::pickle
