#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace torchhub {

/// Tensors by name, in the order in which they are saved: parameters and buffers, module by module,
/// as Python's `state_dict()`. Copying it copies handles, not numbers.
using StateDict = std::vector<std::pair<std::string, at::Tensor>>;

}  // namespace torchhub
