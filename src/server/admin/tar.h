#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace torchhub::server {

/// A tar archive (POSIX.1-1988 ustar, sizes past 8 GiB in base 256 as GNU tar has them), of files
/// with short names of our own.
class TarWriter {
 public:
  /// @throws FileError
  explicit TarWriter(const std::filesystem::path& file);
  /// @param write calls what it is given with the bytes, `size` of them in all
  void add(std::string_view name, std::uint64_t size,
           const std::function<void(const std::function<void(std::string_view)>&)>& write);
  void add(std::string_view name, std::string_view bytes);
  void add_file(std::string_view name, const std::filesystem::path& file);
  /// The end of the archive, and everything on the disk. @return its size
  std::uint64_t close();

 private:
  void put(std::string_view bytes);

  std::filesystem::path path_;
  std::ofstream out_;
  std::uint64_t size_ = 0;
};

class TarReader {
 public:
  struct Entry {
    std::string name;
    std::uint64_t size = 0;
  };
  /// @throws FileError
  explicit TarReader(const std::filesystem::path& file);
  /// What is left of the present entry is skipped. Nothing at the end of the archive.
  /// @throws ArchiveError for what is no archive
  std::optional<Entry> next();
  /// Of the present entry. @return empty at its end @throws ArchiveError if the file is cut off
  std::span<const char> read();
  std::string read_all(std::uint64_t limit);

 private:
  void need(char* room, std::size_t count);

  std::filesystem::path path_;
  std::ifstream in_;
  std::uint64_t left_ = 0;     ///< Of the present entry.
  std::uint64_t padding_ = 0;  ///< Behind it.
  std::array<char, std::size_t{64} << 10> room_;
};

}  // namespace torchhub::server
