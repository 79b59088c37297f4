#pragma once

#include <string>
#include <string_view>

namespace torchhub::server {

/// The text with nothing in it that HTML would take for markup, in a quoted attribute neither.
std::string escape_html(std::string_view text);

}  // namespace torchhub::server
