#include "training/schedules/multiplier.h"

#include <cmath>
#include <numbers>

namespace torchhub {
namespace {

enum class Curve { linear, cosine, one_minus_sqrt };

Curve curve(Keywords& keywords, std::string_view name, std::string_view otherwise) {
  const std::string word = keywords.word(name, otherwise, {"linear", "cosine", "1-sqrt"});
  return word == "linear"   ? Curve::linear
         : word == "cosine" ? Curve::cosine
                            : Curve::one_minus_sqrt;
}

/// From 1 at progress 0 to 0 at progress 1.
double falling(Curve shape, double cycles, double progress) {
  if (shape == Curve::linear) return 1 - progress;
  if (shape == Curve::cosine) return cosine_wave(cycles, progress);
  return 1 - std::sqrt(progress);
}

/// From 0 to 1. Not always falling() backwards: Python's 1-sqrt bends the same way in both.
double rising(Curve shape, double progress) {
  if (shape == Curve::linear) return progress;
  if (shape == Curve::cosine) return 0.5 * (1 - std::cos(std::numbers::pi * progress));
  return 1 - std::sqrt(1 - progress);
}

}  // namespace

LrMultiplier warmup_stable_decay(const ScheduleOptions& o, Keywords& keywords) {
  const auto given_decay = keywords.optional_count("num_decay_steps");
  keywords.require(given_decay.has_value(), "num_decay_steps", "a number of updates");
  const auto given_stable = keywords.optional_count("num_stable_steps");
  if (!given_stable) need_total(o, keywords);
  const Curve up = curve(keywords, "warmup_type", "linear");
  const Curve down = curve(keywords, "decay_type", "cosine");
  const double floor = keywords.number("min_lr_ratio", 0);
  const double cycles = keywords.number("num_cycles", 0.5);
  const Spans s = spans_of(o);
  const auto decay = static_cast<double>(given_decay.value_or(0));
  const double stable =
      given_stable ? static_cast<double>(*given_stable) : s.total - s.warmup - decay;
  return [=](std::int64_t step) {
    const auto at = static_cast<double>(step);
    if (s.warms_up(at)) return between(floor, rising(up, s.warmed_up(at)));
    const double decayed = at - s.warmup - stable;
    if (decayed < 0) return 1.0;
    if (decayed >= decay) return floor;
    return between(floor, falling(down, cycles, decayed / std::max(1.0, decay)));
  };
}

}  // namespace torchhub
