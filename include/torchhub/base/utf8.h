#pragma once

#include <cstddef>
#include <string_view>

namespace torchhub {

/// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// The front of a text: at most so many characters. A byte that belongs to none counts as one.
std::string_view first_characters(std::string_view text, std::size_t most);
/// The front of a text: at most so many bytes, and no character cut in two.
std::string_view first_bytes(std::string_view text, std::size_t most);

}  // namespace torchhub
