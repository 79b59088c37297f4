#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

/// A server's words, fit for a message or a log line: one line of bounded length, with no token in
/// it, neither `token` (ours) nor anything that looks like one of the Hub's.
std::string clean_text(std::string_view text, const std::optional<std::string>& token);

}  // namespace torchhub
