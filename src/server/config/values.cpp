#include "server/config/values.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace torchhub::server {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kByteUnits = {
    Unit{"TiB", std::uint64_t{1} << 40}, Unit{"GiB", std::uint64_t{1} << 30},
    Unit{"MiB", std::uint64_t{1} << 20}, Unit{"KiB", std::uint64_t{1} << 10}};

constexpr std::array kTimeUnits = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"min", 60'000},
                                   Unit{"s", 1'000},      Unit{"ms", 1},        Unit{"", 1'000}};
constexpr std::size_t kShownTimeUnits = 4;

/// Nothing for a text that is anything but a number and a unit, or for more than fits.
std::optional<std::uint64_t> parse_milliseconds(std::string_view text) {
  constexpr double kLimit = 1e15;  // 30,000 years
  double number = 0;
  const char* end_of_text = text.data() + text.size();
  const auto [end, error] =
      std::from_chars(text.data(), end_of_text, number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  std::string_view name(end, static_cast<std::size_t>(end_of_text - end));
  if (name.starts_with(' ')) name.remove_prefix(1);
  for (const Unit& unit : kTimeUnits) {
    if (unit.name != name) continue;
    const double product = number * static_cast<double>(unit.factor);
    return product < kLimit ? std::optional(static_cast<std::uint64_t>(product)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string show_bytes(std::uint64_t bytes) {
  for (const Unit& unit : kByteUnits) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) {
      return fmt::format("{}{}", bytes / unit.factor, unit.name);
    }
  }
  return fmt::format("{}", bytes);
}

std::chrono::milliseconds parse_time_span(std::string_view text) {
  if (const auto milliseconds = parse_milliseconds(text)) {
    return std::chrono::milliseconds(*milliseconds);
  }
  throw InvalidArgumentError(
      fmt::format("'{}' is no time. Write seconds, or a unit: 500ms, 300s, 5min, 2h, 14d.", text));
}

std::string show_time_span(std::chrono::milliseconds time) {
  const auto count = static_cast<std::uint64_t>(time.count());
  for (std::size_t i = 0; i < kShownTimeUnits; ++i) {
    const Unit& unit = kTimeUnits[i];
    // 300s stays 300s: nobody counts a timeout in minutes.
    if (unit.name == "min" || count == 0) continue;
    if (count % unit.factor == 0) return fmt::format("{}{}", count / unit.factor, unit.name);
  }
  return count == 0 ? "0s" : fmt::format("{}ms", count);
}

bool parse_switch(std::string_view text) {
  for (std::string_view word : {"on", "true", "yes", "1"}) {
    if (text == word) return true;
  }
  for (std::string_view word : {"off", "false", "no", "0"}) {
    if (text == word) return false;
  }
  throw InvalidArgumentError(fmt::format("'{}' is neither on nor off.", text));
}

std::uint32_t parse_count(std::string_view text) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return count;
  throw InvalidArgumentError(fmt::format("'{}' is no whole number.", text));
}

}  // namespace torchhub::server
