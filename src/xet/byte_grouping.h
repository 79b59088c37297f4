#pragma once

#include <cstddef>
#include <span>

namespace torchhub::xet {

/// Puts the bytes at 0, 4, 8, ... first, then those at 1, 5, 9, ..., and so on.
/// @param out as long as `in`, not the same memory
void group_bytes(std::span<const std::byte> in, std::span<std::byte> out);
/// The way back.
void ungroup_bytes(std::span<const std::byte> in, std::span<std::byte> out);

}  // namespace torchhub::xet
