#pragma once

#include <cstddef>

namespace torchhub::server::git {

/// Blobs up to this size are remembered once they were read, by the repository that is kept open.
inline constexpr std::size_t kSmallBlobBytes = std::size_t{32} << 10;

}  // namespace torchhub::server::git
