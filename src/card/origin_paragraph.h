#pragma once

#include <string_view>

namespace torchhub::card {

/// What the sentence of origin begins with where there is a base model.
inline constexpr std::string_view kFineTuned = "This model is a fine-tuned version of ";

/// A base model that has no name for readers.
inline constexpr std::string_view kUnknownModel = "an unknown model";

/// The paragraph of a title's text with the origin sentence and the results; empty if there is
/// none.
std::string_view origin_paragraph(std::string_view text);

}  // namespace torchhub::card
