#include "torchhub/base/timestamp.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace torchhub {
namespace {

namespace chr = std::chrono;

/// Reads exactly `width` digits at `at` and moves on.
std::optional<int> digits(std::string_view text, std::size_t& at, std::size_t width) {
  if (at + width > text.size()) return std::nullopt;
  int value = 0;
  const char* first = text.data() + at;
  auto [end, error] = std::from_chars(first, first + width, value);
  if (error != std::errc() || end != first + width || *first == '-') return std::nullopt;
  at += width;
  return value;
}

bool literal(std::string_view text, std::size_t& at, std::string_view any_of) {
  if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

/// The digits after the point, at least one.
std::optional<chr::milliseconds> fraction(std::string_view text, std::size_t& at) {
  const std::size_t start = at;
  int value = 0;
  int scale = 100;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
    value += (text[at] - '0') * scale;
  }
  if (at == start) return std::nullopt;
  return chr::milliseconds(value);
}

std::optional<chr::minutes> offset(std::string_view text, std::size_t& at) {
  if (literal(text, at, "Zz")) return chr::minutes(0);
  const int sign = at < text.size() && text[at] == '-' ? -1 : 1;
  if (!literal(text, at, "+-")) return std::nullopt;
  const auto hours = digits(text, at, 2);
  if (!hours || !literal(text, at, ":")) return std::nullopt;
  const auto minutes = digits(text, at, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return chr::minutes(sign * (*hours * 60 + *minutes));
}

std::optional<chr::system_clock::time_point> parsed(std::string_view text) {
  std::size_t at = 0;
  const auto year = digits(text, at, 4);
  if (!year || !literal(text, at, "-")) return std::nullopt;
  const auto month = digits(text, at, 2);
  if (!month || !literal(text, at, "-")) return std::nullopt;
  const auto day = digits(text, at, 2);
  if (!day || !literal(text, at, "Tt ")) return std::nullopt;
  const auto hour = digits(text, at, 2);
  if (!hour || !literal(text, at, ":")) return std::nullopt;
  const auto minute = digits(text, at, 2);
  if (!minute || !literal(text, at, ":")) return std::nullopt;
  const auto second = digits(text, at, 2);
  if (!second) return std::nullopt;
  std::optional<chr::milliseconds> milliseconds(0);
  if (literal(text, at, ".")) milliseconds = fraction(text, at);
  const auto zone = offset(text, at);
  const chr::year_month_day date(chr::year(*year), chr::month(static_cast<unsigned>(*month)),
                                 chr::day(static_cast<unsigned>(*day)));
  if (!milliseconds || !zone || at != text.size() || !date.ok() || *hour > 23 || *minute > 59 ||
      *second > 60) {
    return std::nullopt;
  }
  return chr::sys_days(date) + chr::hours(*hour) + chr::minutes(*minute) + chr::seconds(*second) +
         *milliseconds - *zone;
}

}  // namespace

std::string to_rfc3339(chr::system_clock::time_point time) {
  const auto rounded = chr::floor<chr::milliseconds>(time);
  const auto day = chr::floor<chr::days>(rounded);
  const chr::year_month_day date(day);
  const chr::hh_mm_ss clock(rounded - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

chr::system_clock::time_point parse_rfc3339(std::string_view text) {
  if (const auto time = parsed(text)) return *time;
  throw InvalidArgumentError(
      fmt::format("'{}' is not an RFC 3339 time such as 2026-11-22T00:43:51.000Z.", text));
}

std::int64_t to_unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace torchhub
