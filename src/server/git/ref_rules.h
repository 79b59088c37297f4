#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace torchhub::server::git {

/// The branch that a repository has from its beginning, and that HEAD stands for.
inline constexpr const char* kDefaultBranch = "refs/heads/main";

/// What is wrong with the name of a branch, a tag or a pull request ("refs/heads/x", "refs/tags/x",
/// "refs/pr/1"), or nothing.
std::optional<std::string> problem_of_ref(const std::string& ref);

/// No ref has such a name, nor could have: it would be a file.
bool is_too_long_for_ref(std::string_view ref);

}  // namespace torchhub::server::git
