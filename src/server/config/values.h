#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace torchhub::server {

/// The shortest way that parse_byte_size() reads back exactly: "10MiB".
std::string show_bytes(std::uint64_t bytes);

/// "300s", "500ms", "5min", "2h", "14d"; a bare number is seconds. @throws InvalidArgumentError
std::chrono::milliseconds parse_time_span(std::string_view text);
std::string show_time_span(std::chrono::milliseconds time);

/// on, true, yes, 1; off, false, no, 0. @throws InvalidArgumentError
bool parse_switch(std::string_view text);

/// A whole number from 0 on. @throws InvalidArgumentError
std::uint32_t parse_count(std::string_view text);

}  // namespace torchhub::server
