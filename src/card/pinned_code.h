#pragma once

#include "card/card_sections.h"

namespace torchhub::card {

/// Are both "How to use", the same but for the revisions that they name?
bool differ_by_pin(const Section& a, const Section& b);

}  // namespace torchhub::card
