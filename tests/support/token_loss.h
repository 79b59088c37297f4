#pragma once

#include "torchhub/fwd.h"

#include <torch/torch.h>

namespace torchhub::testing {

/// What a model that declares num_items_in_batch gives as its loss: the mean over the labels that
/// count, or where the batch says how many an update has, the sum divided by that.
/// @param logits [batch, length, classes]
inline at::Tensor token_loss(const at::Tensor& logits, const Batch& batch) {
  namespace F = torch::nn::functional;
  const auto items = batch.find("num_items_in_batch");
  F::CrossEntropyFuncOptions options;
  options.ignore_index(-100);
  if (items != batch.end()) options.reduction(torch::kSum);
  at::Tensor loss = F::cross_entropy(logits.flatten(0, 1), batch.at("labels").flatten(), options);
  return items == batch.end() ? loss : loss / items->second;
}

}  // namespace torchhub::testing
