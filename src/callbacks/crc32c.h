#pragma once

#include <cstdint>
#include <string_view>

namespace torchhub {

/// CRC-32C (Castagnoli), RFC 3720 appendix B.4. crc32c("123456789") is 0xe3069283.
std::uint32_t crc32c(std::string_view bytes);

/// As TensorFlow's record files store it, so that a CRC over bytes that hold CRCs stays useful.
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace torchhub
