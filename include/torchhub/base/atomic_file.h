#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace torchhub {

class UnderConstruction;

/// A file that others may read: written beside its place, synced, renamed. Until commit() nobody
/// sees it; without commit() nothing stays. The mode follows the umask.
class AtomicFile {
 public:
  /// Makes missing parent folders. @throws FileError
  explicit AtomicFile(std::filesystem::path target);
  /// The same with a temporary name of your own, in the target's folder. A file that lies there
  /// already is carried on: size() starts at its length, and write() appends. @throws FileError
  AtomicFile(std::filesystem::path target, std::filesystem::path temporary);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// @throws DiskFullError, FileError
  void write(std::span<const std::byte> bytes);
  void write(std::string_view bytes);
  /// Overwrites bytes already written, for headers known last. @throws FileError
  void write_at(std::size_t offset, std::string_view bytes);
  std::size_t size() const { return size_; }
  /// fsync, rename, fsync of the folder; in an AtomicFolder just the rename, since that syncs all
  /// that is in it. @throws DiskFullError, FileError
  void commit();
  const std::filesystem::path& temporary_path() const { return temporary_; }

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
};

/// The same for a folder: fill path(), then commit() puts it in its place in one rename; a folder
/// that was there before is replaced as a whole. Nothing stays without commit().
class AtomicFolder {
 public:
  /// path() is `.tmp-<name>-<random>` beside `target`. @throws FileError
  explicit AtomicFolder(std::filesystem::path target);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  /// Syncs every file and folder inside, then renames. @throws DiskFullError, FileError
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::unique_ptr<const UnderConstruction> under_construction_;
};

/// @throws DiskFullError, FileError
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Appends all of it or nothing; makes the file and its folders. Not synced.
/// @throws DiskFullError, FileError
void append_to_file(const std::filesystem::path& path, std::string_view bytes);

/// Whole file. @throws FileError
std::string read_file(const std::filesystem::path& path);

/// create_directories whose error names what is in the way. @throws FileError
void make_folders(const std::filesystem::path& path);

/// fsync of a folder, so that renames in it survive a power cut; not of one in an AtomicFolder.
/// @throws FileError
void sync_folder(const std::filesystem::path& path);

}  // namespace torchhub
