#pragma once

#include "torchhub/training/arguments.h"

#include <cstdint>
#include <optional>

namespace torchhub {

/// What LibTorch has in use on this process's GPU.
struct GpuMemory {
  std::int64_t allocated_bytes = 0;
  std::int64_t peak_bytes = 0;  ///< Since reset_gpu_peak().
};

/// Nothing where there is no GPU, and with LibTorch before 2.9, which tells it only to programs
/// that have the CUDA toolkit.
std::optional<GpuMemory> gpu_memory();
void reset_gpu_peak();
/// Gives back to the GPU what LibTorch keeps for tensors to come, where it can; a line of the log's
/// level debug says that it was called.
void release_cached_memory();
/// Is it to be done after this update? Every torch_empty_cache_steps, counted from the run's first.
bool empties_cache_at(std::int64_t global_step, const TrainingArguments& args);

}  // namespace torchhub
