#include "data/whole_words.h"

#include <torch/torch.h>

namespace torchhub {

at::Tensor word_starts(const at::Tensor& offsets, const at::Tensor& special) {
  const std::int64_t length = special.size(1);
  at::Tensor starts = torch::ones_like(special);
  if (length > 1) {
    const at::Tensor begins = offsets.select(2, 0).narrow(1, 1, length - 1);
    const at::Tensor ends_before = offsets.select(2, 1).narrow(1, 0, length - 1);
    starts.narrow(1, 1, length - 1)
        .copy_((begins != ends_before) | special.narrow(1, 0, length - 1));
  }
  return starts & ~special;
}

at::Tensor spread_over_words(const at::Tensor& chosen, const at::Tensor& starts,
                             const at::Tensor& special) {
  at::Tensor spread = chosen.clone();
  const auto is_start = starts.accessor<bool, 2>();
  const auto is_special = special.accessor<bool, 2>();
  auto in_chosen_word = spread.accessor<bool, 2>();
  for (std::int64_t row = 0; row < spread.size(0); ++row) {
    for (std::int64_t token = 1; token < spread.size(1); ++token) {
      if (is_special[row][token] || is_start[row][token]) continue;
      in_chosen_word[row][token] = in_chosen_word[row][token - 1];
    }
  }
  return spread;
}

}  // namespace torchhub
