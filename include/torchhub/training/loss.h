#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace torchhub {

/// Labels that a loss counts: those that are not -100.
/// @param labels int64 [batch] or [batch, length]
/// @param shifted the first label of each row counts for nothing (causal language models)
std::int64_t count_items(const at::Tensor& labels, bool shifted);

struct LabelSmoothing {
  double epsilon = 0.1;       ///< The weight that goes from the label to all classes alike.
  bool shift_labels = false;  ///< The logits at a position predict the label after it.
  /// Divides the sum; unset: the labels that count here.
  std::optional<std::int64_t> num_items = std::nullopt;
};

/// Cross-entropy against smoothed labels (transformers' `LabelSmoother`, but divided by the items
/// of the whole update where they are known, so that micro-batches add up).
/// @param logits [batch, classes] or [batch, length, classes] @param labels int64, -100 is ignored
/// @return scalar. @throws InvalidArgumentError if the shapes do not go together
at::Tensor label_smoothed_loss(const at::Tensor& logits, const at::Tensor& labels,
                               const LabelSmoothing& options);

}  // namespace torchhub
