#pragma once

#include <string>

namespace torchhub::card {

/// The text of a how_to_use() without the revisions that it names: what two of them share that
/// differ by their pins.
std::string without_revisions(std::string text);

}  // namespace torchhub::card
