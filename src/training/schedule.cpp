#include "torchhub/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace torchhub {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(1, whole));
}

}  // namespace

double lr_multiplier(SchedulerType type, std::int64_t step, std::int64_t warmup_steps,
                     std::int64_t total_steps) {
  if (type == SchedulerType::constant) return 1;
  if (step < warmup_steps) return ratio(step, warmup_steps);
  switch (type) {
    case SchedulerType::linear:
      return std::max(0.0, ratio(total_steps - step, total_steps - warmup_steps));
    case SchedulerType::cosine: {
      constexpr double kNumCycles = 0.5;
      const double progress = ratio(step - warmup_steps, total_steps - warmup_steps);
      return std::max(0.0, 0.5 * (1 + std::cos(std::numbers::pi * 2 * kNumCycles * progress)));
    }
    default:
      break;
  }
  return 1;
}

}  // namespace torchhub
