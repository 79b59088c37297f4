#pragma once

#include "torchhub/card/front_matter.h"

#include <cstddef>
#include <cstdint>

namespace torchhub::server {

/// A card comes from a stranger, and is read again for each info request.
inline constexpr FrontMatterLimits kCardLimits{
    .max_bytes = std::size_t{256} << 10, .max_depth = 20, .aliases_and_tags = false};

/// A README.md that is larger counts as none.
inline constexpr std::uint64_t kMaxCardBytes = std::uint64_t{10} << 20;

}  // namespace torchhub::server
