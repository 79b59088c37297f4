#pragma once

#include "torchhub/fwd.h"

namespace torchhub {

/// Which tokens begin a word: they do not begin where the one before ends, or that one is special.
/// @param offsets [batch, length, 2]: begin and end of each token in the text, int64
/// @param special [batch, length], bool; special tokens belong to no word
/// @return [batch, length], bool
at::Tensor word_starts(const at::Tensor& offsets, const at::Tensor& special);

/// All tokens of the words whose first token is in `chosen`. All are [batch, length], bool.
at::Tensor spread_over_words(const at::Tensor& chosen, const at::Tensor& starts,
                             const at::Tensor& special);

}  // namespace torchhub
