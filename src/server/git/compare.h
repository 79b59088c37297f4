#pragma once

#include "server/git/repository.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace torchhub::server::git {

/// What changed from one commit to another. No `from`: everything is new.
struct Comparison {
  std::optional<std::string> from = std::nullopt;
  std::string to;
};

/// As `git diff` prints it. What would exceed `max_bytes` is left out, and a line says so.
std::string unified_diff(const Repository& repository, const Comparison& comparison,
                         std::size_t max_bytes);

/// One line a file, in the Hub's variant of git's raw format (read by hf-hub's diff.rs): T or B for
/// text or binary, the size of the new content (an LFS object's own), modes, ids, status, paths. A
/// file that is too large to be compared is binary. What would exceed `max_bytes` is left out, and
/// a line says so.
std::string raw_diff(const Repository& repository, const Comparison& comparison,
                     std::size_t max_bytes);

/// Of the files that are new or have changed.
std::vector<LfsPointer> new_pointers(const Repository& repository, const Comparison& comparison);

}  // namespace torchhub::server::git
