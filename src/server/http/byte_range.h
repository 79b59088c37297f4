#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace torchhub::server {

struct WholeFile {};
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< Included.
};
struct UnsatisfiableRange {};

/// What a Range header asks of a file of `size` bytes (RFC 9110 §14). One range is honoured;
/// several, or what cannot be read, mean the whole file.
std::variant<WholeFile, ByteRange, UnsatisfiableRange> parse_range(std::string_view header,
                                                                   std::uint64_t size);

}  // namespace torchhub::server
