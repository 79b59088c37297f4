#pragma once

#include <string>
#include <vector>

namespace torchhub {

/// Patterns of what no push takes: caches, unfinished writes, and Python's pickled arguments, which
/// may hold a token.
inline const std::vector<std::string>& never_pushed() {
  static const std::vector<std::string> patterns{".cache/*", ".tmp-*", "*/.tmp-*",
                                                 "training_args.bin", "*/training_args.bin"};
  return patterns;
}

}  // namespace torchhub
