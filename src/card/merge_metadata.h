#pragma once

#include "torchhub/card/merge.h"

#include <optional>
#include <string>
#include <string_view>

namespace torchhub::card {

/// The front matters of CardVersions.
struct YamlVersions {
  std::string_view fresh;
  std::string_view old;
  std::optional<std::string_view> base = std::nullopt;
};

/// The yaml of `old` with what `fresh` knows better; see merge_cards().
std::string merged_yaml(const YamlVersions& versions,
                        const std::vector<std::string>& explicit_keys);

/// The yaml of `old`, theirs, with what `fresh`, ours, changed since `base`; see unite_edits().
std::string united_yaml(const YamlVersions& versions,
                        const std::vector<std::string>& explicit_keys);

}  // namespace torchhub::card
