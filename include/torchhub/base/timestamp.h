#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace torchhub {

/// "2026-11-22T00:43:51.000Z": UTC with exactly three decimals. Hub clients refuse any other form.
std::string to_rfc3339(std::chrono::system_clock::time_point time);

/// Takes any RFC 3339 time, with `Z` or an offset, with or without decimals.
/// @throws InvalidArgumentError for anything else
std::chrono::system_clock::time_point parse_rfc3339(std::string_view text);

/// Seconds since 1970-01-01T00:00:00Z, rounded towards it.
std::int64_t to_unix_seconds(std::chrono::system_clock::time_point time);

}  // namespace torchhub
