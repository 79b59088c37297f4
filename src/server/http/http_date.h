#pragma once

#include <chrono>
#include <string>

namespace torchhub::server {

/// "Sun, 22 Nov 2026 00:43:51 GMT" (RFC 9110 section 5.6.7).
std::string http_date(std::chrono::system_clock::time_point time);

}  // namespace torchhub::server
