#pragma once

#include <cstddef>
#include <malloc.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// As in clang's sanitizer/allocator_interface.h, which g++ comes without.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace torchhub::testing {

/// What the process has from its heap and has not freed, tensors included.
inline std::size_t heap_bytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
#endif
}

}  // namespace torchhub::testing
