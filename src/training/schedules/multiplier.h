#pragma once

#include "torchhub/training/schedule.h"
#include "training/schedules/keywords.h"

#include <algorithm>
#include <functional>

namespace torchhub {

/// The factor on the base rate as a function of the number of scheduler steps done.
using LrMultiplier = std::function<double(std::int64_t step)>;

/// What a schedule with keyword arguments comes to. Empty for those that follow a metric.
/// @throws InvalidArgumentError listing problems(options)
LrMultiplier make_multiplier(const ScheduleOptions& options);

/// Numbers of updates as Python divides them.
struct Spans {
  double warmup;
  double total;

  bool warms_up(double step) const { return step < warmup; }
  double warmed_up(double step) const { return step / std::max(1.0, warmup); }
  /// 0 at the end of the warm-up, 1 at the end of the run. `ahead` moves it on.
  double progress(double step, double ahead = 0) const {
    return (step - warmup + ahead) / std::max(1.0, total - warmup);
  }
};

Spans spans_of(const ScheduleOptions& options);
/// Notes a problem where the number of all updates is not known.
void need_total(const ScheduleOptions& options, Keywords& keywords);

/// From 1 at progress 0 through `cycles` waves.
double cosine_wave(double cycles, double progress);
/// A factor in [0, 1] moved to [floor, 1]; never below 0.
double between(double floor, double factor);

// One schedule each: reads its keyword arguments and notes what is wrong with them.
LrMultiplier cosine(const ScheduleOptions& options, Keywords& keywords);
LrMultiplier cosine_with_restarts(const ScheduleOptions& options, Keywords& keywords);
LrMultiplier cosine_with_min_lr(const ScheduleOptions& options, Keywords& keywords);
LrMultiplier cosine_warmup_with_min_lr(const ScheduleOptions& options, Keywords& keywords);
LrMultiplier warmup_stable_decay(const ScheduleOptions& options, Keywords& keywords);

}  // namespace torchhub
