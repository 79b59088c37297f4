#include "trainer/gpu_memory.h"

#include "torchhub/base/log.h"

#include <torch/torch.h>

namespace torchhub {

bool empties_cache_at(std::int64_t global_step, const TrainingArguments& args) {
  return args.torch_empty_cache_steps && global_step % *args.torch_empty_cache_steps == 0;
}

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 9)
namespace {

c10::DeviceIndex current_gpu() {
  return c10::impl::VirtualGuardImpl(at::kCUDA).getDevice().index();
}

/// @return whether there is a cache that could be emptied
bool empty_cache() {
  if (!torch::cuda::is_available()) return false;
  at::getDeviceAllocator(at::kCUDA)->emptyCache();
  return true;
}

}  // namespace

std::optional<GpuMemory> gpu_memory() {
  if (!torch::cuda::is_available()) return std::nullopt;
  const auto stats = at::getDeviceAllocator(at::kCUDA)->getDeviceStats(current_gpu());
  return GpuMemory{.allocated_bytes = stats.allocated_bytes[0].current,
                   .peak_bytes = stats.allocated_bytes[0].peak};
}

void reset_gpu_peak() {
  if (torch::cuda::is_available()) at::getDeviceAllocator(at::kCUDA)->resetPeakStats(current_gpu());
}
#else
namespace {

bool empty_cache() { return false; }

}  // namespace

std::optional<GpuMemory> gpu_memory() { return std::nullopt; }
void reset_gpu_peak() {}
#endif

void release_cached_memory() {
  const bool done = empty_cache();
  log::debug("empty_cache", {{"done", done}});
}

}  // namespace torchhub
