#pragma once

#include <string_view>

namespace torchhub::card {

/// The paragraph of a title's text with the origin sentence and the results; empty if there is
/// none.
std::string_view origin_paragraph(std::string_view text);

}  // namespace torchhub::card
