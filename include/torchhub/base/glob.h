#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// Python's fnmatchcase: `*` and `?` match any character, `/` too; `[abc]`, `[!abc]`, `[a-z]`. The
/// whole of `text` must match.
bool glob_matches(std::string_view pattern, std::string_view text);

/// Which paths of a folder to take (huggingface_hub `filter_repo_objects`): those that some allow
/// pattern matches (all, if there is none) and no ignore pattern does. A pattern ending in `/`
/// means everything below that folder.
struct PathFilter {
  std::vector<std::string> allow = {};
  std::vector<std::string> ignore = {};

  bool takes(std::string_view path) const;
  /// Is it already sure of a folder that nothing below it is taken? Then there is no need to look.
  bool refuses_all_below(std::string_view folder) const;
};

}  // namespace torchhub
