#pragma once

#include "torchhub/training/arguments.h"

#include <cstdint>

namespace torchhub {

/// The factor on the base learning rate after `step` scheduler steps; update number k, counted from
/// 0, runs with that of step k (transformers 5.12 `optimization.py`).
/// @param warmup_steps,total_steps in updates
double lr_multiplier(SchedulerType type, std::int64_t step, std::int64_t warmup_steps,
                     std::int64_t total_steps);

}  // namespace torchhub
