#pragma once

#include "server/git/repository.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// How the commits of a repository descend from each other.
namespace torchhub::server::git {

/// The newest commit that both descend from, or nothing.
std::optional<std::string> merge_base(const Repository& repository, const std::string& one,
                                      const std::string& other);

/// Is `commit` `tip`, or one that `tip` descends from? False for commits that are not here.
bool is_in_history(const Repository& repository, const std::string& commit, const std::string& tip);

/// What `tip` descends from and none of `known` does, oldest first; of more than `limit`, the
/// newest. Of `known`, commits that are not here are passed over.
std::vector<CommitInfo> commits_since(const Repository& repository, const std::string& tip,
                                      const std::vector<std::string>& known, std::size_t limit);

}  // namespace torchhub::server::git
