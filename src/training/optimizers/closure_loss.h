#pragma once

#include <torch/torch.h>

namespace torchhub {

/// What an optimizer's step() begins with: the loss that its closure computes, with gradients
/// whatever the caller's mode is. Undefined without a closure.
inline torch::Tensor loss_of(const torch::optim::Optimizer::LossClosure& closure) {
  if (!closure) return {};
  const at::AutoGradMode with_gradients(true);
  return closure();
}

}  // namespace torchhub
