#pragma once

#include "torchhub/wire/repo.h"

#include <optional>
#include <string>
#include <vector>

namespace torchhub::server {

/// What is wrong with the front matter of a README.md, or nothing. At most 256 KiB, 20 levels, no
/// aliases and tags.
std::optional<std::string> problem_of_card(const std::string& readme);

struct CardFindings {
  std::vector<std::string> errors = {};    ///< The hub takes no such card.
  std::vector<std::string> warnings = {};  ///< It does, but shows less than was meant.
};

/// What validate-yaml says of the README.md of a repository of that type.
CardFindings check_card(const std::string& readme, RepoType type);

}  // namespace torchhub::server
