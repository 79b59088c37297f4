#include "training/optimizers/parallel_pieces.h"

#include <ATen/TensorIterator.h>
#include <torch/torch.h>

#include <atomic>

namespace torchhub {
namespace {

/// Counts what one thread hands over to another. OpenMP orders their memory by itself, in a way
/// that ThreadSanitizer does not see: with this it finds races of the pieces, and no others.
std::atomic<std::int64_t> handed_over = 0;

}  // namespace

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
  handed_over.fetch_add(1, std::memory_order_release);
  iterator.for_each(
      [&](char** data, const std::int64_t* strides, std::int64_t size) {
        handed_over.load(std::memory_order_acquire);
        for (std::int64_t i = 0; i < size; ++i) {
          work(*reinterpret_cast<const std::int64_t*>(data[0] + i * strides[0]));
        }
        handed_over.fetch_add(1, std::memory_order_release);
      },
      /*grain_size=*/1);
  handed_over.load(std::memory_order_acquire);
}

}  // namespace torchhub
