#pragma once

#include <torch/torch.h>

namespace torchhub {

/// Whether our own loops can run over the tensor's memory from end to end: it lies on the CPU, has
/// floats or doubles, and no gaps.
inline bool is_plain_memory(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.layout() == at::kStrided &&
         (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble) &&
         tensor.is_non_overlapping_and_dense();
}

/// Whether element i of one lies where element i of the other does.
inline bool same_order(const at::Tensor& a, const at::Tensor& b) {
  return (a.is_contiguous() && b.is_contiguous()) || a.strides() == b.strides();
}

/// `tensor` with its elements in the order of `model`, which has no gaps.
inline at::Tensor in_order_of(const at::Tensor& model, const at::Tensor& tensor) {
  if (same_order(model, tensor)) return tensor;
  return at::empty_like(model).copy_(tensor);
}

}  // namespace torchhub
