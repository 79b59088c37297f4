#pragma once

#include <string>
#include <string_view>

namespace torchhub::card {

/// @throws ModelCardError if `text` is not UTF-8
void require_utf8(std::string_view text);

/// UTF-8 decoded. @throws ModelCardError if it is not UTF-8
std::u32string code_points(std::string_view text);

void append_utf8(std::string& out, char32_t c);

/// How many characters `text` shows; bytes that are not UTF-8 count one each.
std::size_t count_code_points(std::string_view text);

/// Where the first character of UTF-8 text stands that YAML has no place for, such as a NUL; npos
/// if there is none.
std::size_t find_unprintable(std::string_view text);

}  // namespace torchhub::card
