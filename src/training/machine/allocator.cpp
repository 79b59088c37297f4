#include "torchhub/training/allocator.h"

#include <cstdlib>
#include <string_view>

#ifdef __GLIBC__
#include <climits>
#include <malloc.h>
#endif

namespace torchhub {
namespace {

bool is_set_by_user() {
  for (const char* name :
       {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  const char* const tunables = std::getenv("GLIBC_TUNABLES");
  return tunables != nullptr &&
         std::string_view(tunables).find("glibc.malloc.") != std::string_view::npos;
}

}  // namespace

bool keep_freed_memory() {
  if (is_set_by_user()) return false;
#ifdef __GLIBC__
  // Blocks of up to 2 GiB from the heap, whose end is never given back.
  return ::mallopt(M_MMAP_THRESHOLD, INT_MAX) == 1 && ::mallopt(M_TRIM_THRESHOLD, -1) == 1;
#else
  return false;
#endif
}

}  // namespace torchhub
