#pragma once

#include <torch/nn/module.h>

namespace torchhub {

/// Where a module computes: where its first parameter lies, and the CPU if it has none.
inline at::Device device_of(const torch::nn::Module& module) {
  const auto parameters = module.parameters();
  return parameters.empty() ? at::Device(at::kCPU) : parameters.front().device();
}

}  // namespace torchhub
