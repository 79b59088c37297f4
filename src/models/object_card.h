#pragma once

#include "push_saved.h"
#include "torchhub/push/new_card.h"

#include <string>

namespace torchhub {

/// README.md of an object that is pushed by hand: the Hub's long template, filled with what the
/// object knows. @throws ModelCardError if a text is not UTF-8
std::string object_card(const NewCard& card, const PushedObject& object);

}  // namespace torchhub
