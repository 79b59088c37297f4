#pragma once

#include "torchhub/base/bytes_now.h"

#include <cstddef>
#include <functional>
#include <span>

namespace torchhub {

/// Small enough that digest, checksum and file each still find a piece in the cache.
inline constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

/// Calls `take` for piece after piece of `bytes`, as `bytes_now` gives it; unset: as it is.
/// @throws InvalidArgumentError if that is not as long as the piece
void for_each_piece(std::span<const std::byte> bytes, const BytesNow& bytes_now,
                    const std::function<void(std::span<const std::byte>)>& take);

}  // namespace torchhub
