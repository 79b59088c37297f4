#pragma once

#include "torchhub/card/merge.h"

#include <string>

namespace torchhub::card {

/// The yaml of `old` with what `fresh` knows better; see merge_cards().
std::string merged_yaml(std::string_view old_yaml, std::string_view fresh_yaml,
                        const std::vector<std::string>& explicit_keys);

}  // namespace torchhub::card
