#pragma once

namespace torchhub {

/// Has this process keep the memory that it frees. glibc otherwise hands each large block back to
/// the system and gets it again page by page, zeroed, many times an update: 4 to 24 % of
/// the CPU time of the models in docs/performance.md. The process then stays as large as its
/// largest step was.
///
/// Holds for the whole program from the first call on. It does nothing where the environment
/// already says how memory is to be handled (MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_,
/// MALLOC_MMAP_MAX_, GLIBC_TUNABLES with glibc.malloc), and without glibc; jemalloc and its like,
/// where linked or preloaded, are not touched by it.
/// @return whether it is so now by this call. Safe from several threads
bool keep_freed_memory();

}  // namespace torchhub
