#pragma once

#include "torchhub/pickle/value.h"

#include <ATen/core/Tensor.h>

#include <string_view>

namespace torchhub {

/// A tensor of its own with the numbers of a pickled one, on the CPU. `requires_grad` is not taken
/// over. @throws PickleError if this LibTorch has no such type, or for a view that repeats few
/// stored bytes to more than 256 MiB
at::Tensor tensor_of(const pickle::Tensor& pickled);

/// What torch.save would store: row-major, on the CPU. Shares the memory of `tensor` where that is
/// so already, so change the tensor only after the file is written.
/// @throws InvalidArgumentError if pickles have no such type
pickle::Tensor pickle_tensor(const at::Tensor& tensor);

}  // namespace torchhub
