#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// git's framing of requests and answers (git's gitprotocol-common): four hex digits of length,
/// themselves counted, then the bytes.
namespace torchhub::server::pkt {

/// Ends a list of lines.
inline constexpr std::string_view kFlush = "0000";
inline constexpr std::size_t kMaxLine = 65520;  ///< With its length.

/// One line. @param bytes at most kMaxLine - 4
std::string line(std::string_view bytes);

/// What a line of the side band carries.
enum class Band : char { data = 1, message = 2 };
/// As many lines as `bytes` need.
std::string side_band(Band band, std::string_view bytes);
/// A line that says nothing, so that nobody on the way takes the silence for an end.
std::string keep_alive();

}  // namespace torchhub::server::pkt
