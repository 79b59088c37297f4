#include "server/http/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace torchhub::server {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

std::variant<WholeFile, ByteRange, UnsatisfiableRange> parse_range(std::string_view header,
                                                                   std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return WholeFile{};
  const std::string_view spec = header.substr(kUnit.size());
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return WholeFile{};
  const auto first = number(spec.substr(0, dash));
  const auto last = number(spec.substr(dash + 1));
  if (dash == 0) {  // the last n bytes
    if (!last) return WholeFile{};
    if (*last == 0 || size == 0) return UnsatisfiableRange{};
    return ByteRange{size - std::min(*last, size), size - 1};
  }
  const bool open_end = dash + 1 == spec.size();
  if (!first || (!last && !open_end) || (last && *last < *first)) return WholeFile{};
  if (*first >= size) return UnsatisfiableRange{};
  return ByteRange{*first, open_end ? size - 1 : std::min(*last, size - 1)};
}

}  // namespace torchhub::server
