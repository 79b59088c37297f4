#pragma once

#include <string>
#include <string_view>

namespace torchhub::card {

/// The line `- PEFT <version>` with its break, which the adapter library puts into "Framework
/// versions" after a run has written its card; empty if there is none.
std::string_view peft_line(std::string_view section);

/// `section` without that line.
std::string without_peft_line(std::string_view section);

/// `fresh` with the line of `old`, as the first of its list, unless it has one.
std::string with_peft_line(std::string_view fresh, std::string_view old);

}  // namespace torchhub::card
