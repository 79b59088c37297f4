#pragma once

#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// A secret whose value is known.
struct KnownSecret {
  std::string value;
  std::string variable = {};  ///< Of the environment that has it; empty: none.
};

/// The token, and what trackers and the Hub's clients read from the environment. Each value once.
std::vector<KnownSecret> known_secrets(const std::optional<std::string>& token);

}  // namespace torchhub
