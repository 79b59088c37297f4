#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torchhub::card {

/// Cuts after each `\n`, `\r\n` or `\r`; every line keeps its break, so that joining gives `text`.
std::vector<std::string_view> lines_of(std::string_view text);

/// A line of lines_of() without its break.
std::string_view without_break(std::string_view line);

/// Every break as `\n`.
std::string with_newlines(std::string_view text);

/// The break that a card's own lines use: `\r\n` if all do, else the more frequent of `\r` and
/// `\n`; `\n` where there is none.
std::string_view line_break_of(std::string_view text);

/// Every `\n` of `text` as `line_break`.
std::string with_breaks(std::string_view text, std::string_view line_break);

}  // namespace torchhub::card
