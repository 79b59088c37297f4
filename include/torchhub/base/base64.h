#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

/// RFC 4648 base64 with padding, no line breaks (OpenSSL).
std::string base64_encode(std::string_view bytes);

/// Strict: nothing but the alphabet and right padding. Nothing for anything else.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace torchhub
