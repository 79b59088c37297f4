#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace torchhub {

/// A whole file in memory, mapped privately for reading and writing: what is written through
/// bytes() copies the page and never reaches the file. Share the pointer to let views outlive the
/// object that opened it. Reading is safe from several threads. A file that is cut by somebody else
/// while it is mapped kills the reader (SIGBUS); files that are replaced by a rename are safe.
class MappedFile {
 public:
  /// @throws FileError
  static std::shared_ptr<MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<std::byte> bytes() { return {data_, size_}; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }
  /// Asks the kernel to read the file ahead; returns at once.
  void read_ahead() const;

 private:
  explicit MappedFile(const std::filesystem::path& path);

  std::filesystem::path path_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace torchhub
