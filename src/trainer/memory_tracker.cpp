#include "trainer/memory_tracker.h"

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
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace

bool MemoryTracker::start(std::string stage) {
  if (!enabled_ || current_) return false;
  reset_peak();
  current_ = Stage{.name = std::move(stage), .begin = status_bytes("VmRSS:")};
  return true;
}

std::optional<MemoryTracker::Delta> MemoryTracker::finished(bool started) {
  if (!started || !current_) return std::nullopt;
  const std::int64_t end = status_bytes("VmRSS:");
  const Delta delta{.stage = current_->name,
                    .alloc = end - current_->begin,
                    .peaked = std::max<std::int64_t>(0, status_bytes("VmHWM:") - end)};
  if (delta.stage == "init") {
    before_init_ = current_->begin;
    init_ = delta;
  }
  current_.reset();
  return delta;
}

void MemoryTracker::stop(bool started) { finished(started); }

void MemoryTracker::stop(bool started, Metrics& metrics) {
  const auto delta = finished(started);
  if (!delta) return;
  if (init_) {
    metrics.set("before_init_mem_cpu", static_cast<double>(before_init_));
    append(*init_, metrics);
    init_.reset();
  }
  append(*delta, metrics);
}

void MemoryTracker::append(const Delta& delta, Metrics& metrics) {
  metrics.set(delta.stage + "_mem_cpu_alloc_delta", static_cast<double>(delta.alloc));
  metrics.set(delta.stage + "_mem_cpu_peaked_delta", static_cast<double>(delta.peaked));
}

}  // namespace torchhub
