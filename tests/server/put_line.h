#pragma once

#include "torchhub/wire/commit_lines.h"

#include <string>

namespace torchhub::testing {

/// The line of a commit that writes a file.
inline std::string put(const std::string& path, const std::string& content) {
  return to_ndjson(CommitFileLine{path, content});
}

}  // namespace torchhub::testing
