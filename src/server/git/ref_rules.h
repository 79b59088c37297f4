#pragma once

#include <optional>
#include <string>

namespace torchhub::server::git {

/// The branch that a repository has from its beginning, and that HEAD stands for.
inline constexpr const char* kDefaultBranch = "refs/heads/main";

/// What is wrong with the name of a branch, a tag or a pull request ("refs/heads/x", "refs/tags/x",
/// "refs/pr/1"), or nothing.
std::optional<std::string> problem_of_ref(const std::string& ref);

}  // namespace torchhub::server::git
