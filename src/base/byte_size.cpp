#include "torchhub/base/byte_size.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

namespace torchhub {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// What one of `unit` is worth: "", "KB".."TB", "KiB".."TiB"; the first letter in either case.
std::optional<double> unit_bytes(std::string_view unit) {
  if (unit.empty()) return 1;
  constexpr std::string_view kLetters = "KMGTkmgt";
  const std::size_t at = kLetters.find(unit.front());
  const bool binary = unit.substr(1) == "iB";
  if (at == std::string_view::npos || (!binary && unit.substr(1) != "B")) return std::nullopt;
  return std::pow(binary ? 1024.0 : 1000.0, static_cast<double>(at % 4 + 1));
}

}  // namespace

std::uint64_t parse_byte_size(std::string_view text) {
  constexpr double kLimit = 9.2e18;  // fits in a signed 64-bit integer, as files' sizes must
  const std::string_view whole = trimmed(text);
  double value = 0;
  const auto [end, error] =
      std::from_chars(whole.data(), whole.data() + whole.size(), value, std::chars_format::fixed);
  const std::string_view unit = trimmed(whole.substr(static_cast<std::size_t>(end - whole.data())));
  const auto factor = unit_bytes(unit);
  if (error == std::errc() && factor && value >= 0 && value * *factor < kLimit) {
    return static_cast<std::uint64_t>(value * *factor);
  }
  if (unit.ends_with('b')) {
    throw InvalidArgumentError(
        fmt::format("'{}' is not a size: 'b' means bits. Write an upper-case B, as in 5GB.", text));
  }
  throw InvalidArgumentError(fmt::format(
      "'{}' is not a size. Write a number of bytes, or a number with KB, MB, GB, TB (powers of "
      "1000) or KiB, MiB, GiB, TiB (powers of 1024), as in 5GB.",
      text));
}

}  // namespace torchhub
