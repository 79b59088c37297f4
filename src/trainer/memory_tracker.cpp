#include "trainer/memory_tracker.h"

#include "trainer/gpu_memory.h"

#include <algorithm>
#include <fstream>

namespace torchhub {
namespace {

/// A line of /proc/self/status, such as "VmRSS:   1234 kB", in bytes.
std::int64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != key) continue;
    std::int64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

/// Lets the peak begin again at what is in use now (Linux, proc(5): clear_refs).
void reset_cpu_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace

bool MemoryTracker::start(std::string stage) {
  if (!enabled_ || current_) return false;
  reset_cpu_peak();
  reset_gpu_peak();
  current_ = Stage{.name = std::move(stage), .begin_cpu = status_bytes("VmRSS:")};
  if (const auto gpu = gpu_memory()) current_->begin_gpu = gpu->allocated_bytes;
  return true;
}

std::optional<MemoryTracker::Delta> MemoryTracker::finished(bool started) {
  if (!started || !current_) return std::nullopt;
  const auto change = [](std::int64_t begin, std::int64_t end, std::int64_t peak) {
    return Change{.alloc = end - begin, .peaked = std::max<std::int64_t>(0, peak - end)};
  };
  Delta delta{.stage = *current_,
              .cpu = change(current_->begin_cpu, status_bytes("VmRSS:"), status_bytes("VmHWM:"))};
  if (const auto gpu = gpu_memory(); gpu && current_->begin_gpu) {
    delta.gpu = change(*current_->begin_gpu, gpu->allocated_bytes, gpu->peak_bytes);
  }
  if (current_->name == "init") init_ = delta;
  current_.reset();
  return delta;
}

void MemoryTracker::stop(bool started) { finished(started); }

void MemoryTracker::stop(bool started, Metrics& metrics) {
  const auto delta = finished(started);
  if (!delta) return;
  if (init_) append(*init_, metrics);
  append(*delta, metrics);
  if (!init_) return;
  metrics.set("before_init_mem_cpu", init_->stage.begin_cpu);
  if (init_->stage.begin_gpu) {
    metrics.set("before_init_mem_gpu", *init_->stage.begin_gpu);
  }
  init_.reset();
}

void MemoryTracker::append(const Delta& delta, Metrics& metrics) {
  const std::string prefix = delta.stage.name + "_mem_";
  const auto& [stage, cpu, gpu] = delta;
  metrics.set(prefix + "cpu_alloc_delta", cpu.alloc);
  if (gpu) metrics.set(prefix + "gpu_alloc_delta", gpu->alloc);
  metrics.set(prefix + "cpu_peaked_delta", cpu.peaked);
  if (gpu) metrics.set(prefix + "gpu_peaked_delta", gpu->peaked);
}

}  // namespace torchhub
