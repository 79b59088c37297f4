#pragma once

#include "torchhub/base/file_lock.h"
#include "torchhub/server/options.h"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace torchhub::server {

/// Where things lie in a data folder. Names come from ids of ours, never from a user's words.
class DataFolder {
 public:
  /// Makes what is missing. @throws FileError, Error if a newer torchhub made the folder
  explicit DataFolder(std::filesystem::path root);

  /// Only one server at a time. @throws DataFolderInUseError
  void lock();

  std::filesystem::path database() const { return root_ / "hub.db"; }
  std::filesystem::path repository(std::string_view id) const;
  std::filesystem::path object(std::string_view oid) const;
  std::filesystem::path xorbs() const { return root_ / "xet"; }
  /// @param hash as text
  std::filesystem::path xorb(std::string_view hash) const { return xorbs() / hash; }
  std::filesystem::path incoming() const { return root_ / "incoming"; }
  std::filesystem::path trash() const { return root_ / "trash"; }
  std::filesystem::path link_key() const { return root_ / "keys" / "link"; }
  /// Settings of ours that every repository is read with.
  std::filesystem::path git_config() const { return root_ / "gitconfig"; }
  const std::filesystem::path& root() const { return root_; }

  /// Who takes much space holds this while it does, so that hold_space() stays true.
  std::unique_lock<std::mutex> space_turn() const { return std::unique_lock(space_); }
  /// For writers that must not meet a full disk half-way, since they write through a memory map.
  /// @throws DiskFullError if `bytes` and a margin are not free
  std::unique_lock<std::mutex> hold_space(std::uint64_t bytes) const;
  /// A file that keeps some space, so that deleting works on a full disk.
  void keep_reserve() const;
  void give_up_reserve() const;

  /// Takes away the mark that a server leaves when it ends in order. @return false if there is
  /// none: the last one was killed, or cut off what it was doing. Only while locked.
  bool take_clean_mark(Durability durability) const;
  void leave_clean_mark() const;
  /// Unfinished uploads of a server that is gone, but for the files named in `keep`. Only while
  /// locked.
  void empty_incoming(const std::set<std::string>& keep = {}) const;
  /// remove_git_locks() of every repository. Only while locked.
  void remove_stale_locks() const;

 private:
  std::filesystem::path root_;
  mutable std::mutex space_;
  std::optional<FileLock> lock_;
};

/// The folders of `below`, each in the one before it. Unlike make_folders(), never `root` itself:
/// what was deleted stays away. @throws FileError
void make_folders_in(const std::filesystem::path& root, const std::filesystem::path& below);

/// git's lock files that a server which was killed left in a repository. A branch with one would
/// never take a commit again.
void remove_git_locks(const std::filesystem::path& repository);

/// fsync of a folder, if that is asked for. @throws FileError
void sync_folder_if(Durability durability, const std::filesystem::path& path);

/// fsync of a folder and of everything in it, if that is asked for. @throws FileError
void sync_tree_if(Durability durability, const std::filesystem::path& path);

/// fsync of a file. @throws FileError
void sync_file(const std::filesystem::path& path);

}  // namespace torchhub::server
