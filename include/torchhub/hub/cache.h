#pragma once

#include "torchhub/wire/repo.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

/// The folders that one repository has in the cache, as the Python client lays them out
/// (docs/cache-layout.md). Only names places; makes nothing.
class RepoCache {
 public:
  RepoCache(std::filesystem::path cache_dir, const Repo& repo);

  const std::filesystem::path& folder() const { return folder_; }
  /// @throws InvalidArgumentError for an id that cannot be a file's name
  std::filesystem::path blob(std::string_view etag) const;
  std::filesystem::path lock(std::string_view etag) const;
  std::filesystem::path snapshot(std::string_view commit) const;
  /// @throws InvalidArgumentError for a path that leaves the snapshot
  std::filesystem::path snapshot_file(std::string_view commit, std::string_view path) const;
  /// Marks that the commit is known not to have that file.
  std::filesystem::path no_exist_marker(std::string_view commit, std::string_view path) const;
  std::filesystem::path ref(std::string_view revision) const;
  std::filesystem::path tree(std::string_view commit) const;

  /// The commit that the revision last stood for: itself if it is a full hash, else what refs/
  /// says.
  std::optional<std::string> commit_of(const std::string& revision) const;

 private:
  std::filesystem::path cache_dir_;
  std::filesystem::path folder_;
};

/// What the cache can say about a file without asking the Hub.
struct CachedFile {
  enum class State { unknown, present, absent };
  State state = State::unknown;
  std::filesystem::path path = {};  ///< Set if present.
};

/// Sends no request. @throws InvalidArgumentError for a path that no repository can have
CachedFile try_to_load_from_cache(const std::filesystem::path& cache_dir, const Repo& repo,
                                  const std::string& filename,
                                  const std::string& revision = std::string(kDefaultRevision));

}  // namespace torchhub
