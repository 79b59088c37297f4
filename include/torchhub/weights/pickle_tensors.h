#pragma once

#include "torchhub/pickle/value.h"

#include <ATen/core/Tensor.h>

#include <functional>

namespace torchhub {

/// A tensor of its own with the numbers of a pickled one, on the CPU. `requires_grad` is not taken
/// over. @throws PickleError if this LibTorch has no such type, or for a view that repeats few
/// stored bytes to more than 256 MiB
at::Tensor tensor_of(const pickle::Tensor& pickled);

/// Gives a tensor row-major on the CPU.
using ToHost = std::function<at::Tensor(const at::Tensor&)>;

/// What torch.save would store: row-major, on the CPU. Shares the memory of `tensor` where that is
/// so already, so change the tensor only after the file is written.
/// @param to_host unset: on_host() @throws InvalidArgumentError if pickles have no such type
pickle::Tensor pickle_tensor(const at::Tensor& tensor, const ToHost& to_host = {});

}  // namespace torchhub
