#pragma once

#include "server/git/repository.h"

#include <cstddef>
#include <optional>
#include <string>

namespace torchhub::server::git {

/// What changed from one commit to another, as `git diff` shows it. Of binary files, and of those
/// over 1 MiB, only that they differ. Past `max_bytes` the text ends with a line that says so.
/// @param from nothing: an empty tree
/// @throws GitError
std::string unified_diff(const Repository& repository, const std::optional<std::string>& from,
                         const std::string& to, std::size_t max_bytes);

}  // namespace torchhub::server::git
