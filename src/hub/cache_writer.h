#pragma once

#include "torchhub/hub/cache.h"
#include "torchhub/hub/options.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace torchhub {

/// Makes and changes entries of one repository's cache. Every step is one rename or link, so that
/// other processes see the old state or the new one.
class CacheWriter {
 public:
  /// Touches nothing yet. @throws InvalidArgumentError without a cache_dir
  CacheWriter(const HubOptions& options, const Repo& repo);

  const RepoCache& cache() const { return cache_; }
  /// refs/{revision} says `commit` from now on.
  void note_commit(const std::string& revision, const std::string& commit) const;
  /// .no_exist/{commit}/{path}
  void note_absence(const std::string& commit, const std::string& path) const;
  /// Makes snapshots/{commit}/{path} stand for the blob, and marks the cache with CACHEDIR.TAG.
  /// @param fresh the blob has just come and may be moved where links cannot be made
  void place(const std::string& commit, const std::string& path, const std::string& etag,
             bool fresh) const;

 private:
  std::filesystem::path cache_dir_;
  RepoCache cache_;
  bool use_symlinks_;
};

}  // namespace torchhub
