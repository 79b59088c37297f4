#include "training/schedules/multiplier.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace torchhub {

double cosine_wave(double cycles, double progress) {
  return 0.5 * (1 + std::cos(std::numbers::pi * cycles * 2 * progress));
}

double between(double floor, double factor) { return std::max(0.0, factor * (1 - floor) + floor); }

LrMultiplier cosine(const ScheduleOptions& o, Keywords& keywords) {
  need_total(o, keywords);
  const double cycles = keywords.number("num_cycles", 0.5);
  return [=, s = spans_of(o)](std::int64_t step) {
    const auto at = static_cast<double>(step);
    if (s.warms_up(at)) return s.warmed_up(at);
    return std::max(0.0, cosine_wave(cycles, s.progress(at)));
  };
}

LrMultiplier cosine_with_restarts(const ScheduleOptions& o, Keywords& keywords) {
  need_total(o, keywords);
  const double cycles = keywords.number("num_cycles", 1);
  return [=, s = spans_of(o)](std::int64_t step) {
    const auto at = static_cast<double>(step);
    if (s.warms_up(at)) return s.warmed_up(at);
    if (s.progress(at) >= 1) return 0.0;
    const double turns = cycles * s.progress(at);
    return std::max(0.0, 0.5 * (1 + std::cos(std::numbers::pi * (turns - std::floor(turns)))));
  };
}

namespace {

/// The lowest factor, from `min_lr` or `min_lr_rate`.
double min_rate(const ScheduleOptions& o, Keywords& keywords) {
  const auto min_lr = keywords.optional_number("min_lr");
  const auto min_lr_rate = keywords.optional_number("min_lr_rate");
  if (min_lr.has_value() == min_lr_rate.has_value()) {
    keywords.add_problem(fmt::format("exactly one of min_lr and min_lr_rate must be given, {}.",
                                     min_lr ? "not both" : "but neither is"));
  }
  if (min_lr_rate || !min_lr) return min_lr_rate.value_or(0);
  keywords.require(o.base_rate > 0, "min_lr", "left out where learning_rate is 0");
  return *min_lr / o.base_rate;
}

}  // namespace

LrMultiplier cosine_with_min_lr(const ScheduleOptions& o, Keywords& keywords) {
  need_total(o, keywords);
  const double cycles = keywords.number("num_cycles", 0.5);
  const double floor = min_rate(o, keywords);
  return [=, s = spans_of(o)](std::int64_t step) {
    const auto at = static_cast<double>(step);
    if (s.warms_up(at)) return s.warmed_up(at);
    return between(floor, cosine_wave(cycles, s.progress(at)));
  };
}

/// Its curve runs one step ahead, in the warm-up and after it.
LrMultiplier cosine_warmup_with_min_lr(const ScheduleOptions& o, Keywords& keywords) {
  need_total(o, keywords);
  const double cycles = keywords.number("num_cycles", 0.5);
  const double floor = min_rate(o, keywords);
  const auto first = keywords.optional_number("warmup_lr_rate");
  return [=, s = spans_of(o)](std::int64_t step) {
    const auto at = static_cast<double>(step);
    if (s.warms_up(at) && first) {
      return *first + (1 - *first) * at / std::max(1.0, s.warmup - 1);
    }
    if (s.warms_up(at)) return s.warmed_up(at + 1);
    return between(floor, cosine_wave(cycles, s.progress(at, 1)));
  };
}

}  // namespace torchhub
