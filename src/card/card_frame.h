#pragma once

#include <string>
#include <string_view>

namespace torchhub::card {

/// @throws ModelCardError with what problem_of_frame() says
void require_sound_frame(std::string_view card);

/// What stands before the body of `card`, with `yaml` in place of its own; a block is made where
/// there was none, and none is left where `yaml` is empty.
std::string with_yaml(std::string_view card, std::string_view yaml);

}  // namespace torchhub::card
