#pragma once

#include "server/git/repository.h"

#include <string>
#include <vector>

namespace torchhub::server::git {

/// For each of `paths`, which must be there: the newest commit that gave it what it has at
/// `commit`. Walks the history once for all of them.
std::vector<CommitInfo> last_changes(const Repository& repository, const std::string& commit,
                                     const std::vector<std::string>& paths);

}  // namespace torchhub::server::git
