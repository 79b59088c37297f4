#pragma once

#include <string>
#include <string_view>

namespace torchhub::card {

/// @throws ModelCardError with what problem_of_frame() says
void require_sound_frame(std::string_view card);

/// Without the byte order mark that some editors put at the start of a text. It is no word of the
/// user's, and hides a heading after it.
std::string_view without_mark(std::string_view card);

/// What stands before the body of `card`, with `yaml` in place of its own; a block is made where
/// there was none, and none is left where `yaml` is empty.
std::string with_yaml(std::string_view card, std::string_view yaml);

/// `front` and `body`, without its byte order mark, as one card. @throws ModelCardError if there is
/// no front and the body's first lines would become one
std::string joined_card(std::string front, std::string_view body);

}  // namespace torchhub::card
