#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace torchhub {

struct RepoStats {
  std::string name = {};  ///< "model ana/bert"
  std::string owner = {};
  std::uint64_t git_bytes = 0;     ///< On disk, objects of all versions.
  std::uint64_t object_bytes = 0;  ///< Of its LFS objects; another repository may share them.
  std::uint64_t old_bytes = 0;     ///< Of these, what only old versions name, or nothing does.
};

struct HubStats {
  std::vector<RepoStats> repositories = {};  ///< Largest first.
  std::uint64_t objects = 0;                 ///< LFS objects in the store.
  std::uint64_t object_bytes = 0;            ///< Each counted once.
  std::uint64_t git_bytes = 0;
  std::uint64_t trash_bytes = 0;
  std::uint64_t reclaimable_bytes = 0;  ///< What collect_garbage() would free by now.
  std::uint64_t free_bytes = 0;         ///< Of the file system.

  /// By owner, largest first; `name` is the owner.
  std::vector<RepoStats> owners() const;
};

/// Where the space of a data folder goes. Reads everything that git has; a server may run.
/// @throws DatabaseError, Error if this is no data folder
HubStats hub_stats(const std::filesystem::path& data_dir);

}  // namespace torchhub
