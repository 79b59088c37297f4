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

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::Error*>(&error) == nullptr) return false;
  const std::string_view message = error.what();
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
    return message.find(word) != std::string_view::npos;
  });
}

}  // namespace torchhub
