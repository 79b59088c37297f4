#include "trainer/out_of_memory.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

namespace torchhub {
namespace {

/// What LibTorch's allocators say (c10/core/impl/alloc_cpu.cpp, c10/cuda/CUDACachingAllocator.cpp),
/// and cuDNN and cuBLAS where they run out.
constexpr std::array<std::string_view, 5> kWords{
    "out of memory", "can't allocate memory", "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_NOT_SUPPORTED"};

constexpr const char* kNoBatchFits =
    "No batch fits into memory: auto_find_batch_size went down to one sample. Make samples or "
    "model smaller, set bf16 or gradient_checkpointing, or use a device with more memory.";

class NoBatchFits final : public std::bad_alloc {
 public:
  const char* what() const noexcept override { return kNoBatchFits; }
};

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::Error*>(&error) == nullptr) return false;
  const std::string_view message = error.what();
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
    return message.find(word) != std::string_view::npos;
  });
}

void throw_that_no_batch_fits(std::exception& error) {
  auto* of_libtorch = dynamic_cast<c10::Error*>(&error);
  if (of_libtorch == nullptr) throw NoBatchFits();
  of_libtorch->add_context(kNoBatchFits);
  throw;
}

}  // namespace torchhub
