#include "training/optimizers/parallel_pieces.h"

#include <ATen/TensorIterator.h>
#include <torch/torch.h>

namespace torchhub {

/// at::parallel_for is a template in a header that runs serially where the including program is
/// built without OpenMP, as ours is. An iteration over a tensor runs inside LibTorch, in its
/// threads: here, over the numbers of the pieces.
void for_each_piece(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  if (count <= 1 || at::get_num_threads() == 1) {
    for (std::int64_t i = 0; i < count; ++i) work(i);
    return;
  }
  at::Tensor numbers = at::arange(count, at::kLong);
  auto iterator = at::TensorIterator::nullary_op(numbers);
  iterator.for_each(
      [&](char** data, const std::int64_t* strides, std::int64_t size) {
        for (std::int64_t i = 0; i < size; ++i) {
          work(*reinterpret_cast<const std::int64_t*>(data[0] + i * strides[0]));
        }
      },
      /*grain_size=*/1);
}

}  // namespace torchhub
