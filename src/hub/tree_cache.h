#pragma once

#include "torchhub/hub/cache.h"
#include "torchhub/hub/repo_info.h"

#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// The files of a commit as trees/{commit}.json keeps them; a commit never changes, so neither do
/// they. Nothing if it is not there, of another version, or damaged.
std::optional<std::vector<RepoTreeEntry>> read_tree_cache(const RepoCache& cache,
                                                          const std::string& commit);

/// Folders in `entries` are left out. @throws FileError, DiskFullError
void write_tree_cache(const RepoCache& cache, const std::string& commit,
                      const std::vector<RepoTreeEntry>& entries);

}  // namespace torchhub
