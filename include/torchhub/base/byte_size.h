#pragma once

#include <cstdint>
#include <string_view>

namespace torchhub {

/// Bytes of "5GB", "1.5 MB", "10KiB" or plain "1000": KB to TB are powers of 1000, KiB to TiB of
/// 1024, fractions are cut off. The `B` is upper case, since `Gb` means bits elsewhere.
/// @throws InvalidArgumentError
std::uint64_t parse_byte_size(std::string_view text);

}  // namespace torchhub
