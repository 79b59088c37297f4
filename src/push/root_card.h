#pragma once

#include <string>

namespace torchhub {

/// The model card's path in a repository, and in the folder that a run writes to.
inline const std::string kRootCard = "README.md";

}  // namespace torchhub
