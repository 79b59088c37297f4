#include "training/schedules/multiplier.h"

#include "torchhub/base/error.h"
#include "training/schedules/metric_schedules.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace torchhub {

Spans spans_of(const ScheduleOptions& o) {
  return {.warmup = static_cast<double>(o.warmup_steps),
          .total = static_cast<double>(o.total_steps)};
}

void need_total(const ScheduleOptions& o, Keywords& keywords) {
  if (o.total_steps < 0) keywords.add_problem("the number of updates of the run must be known.");
}

namespace {

LrMultiplier constant_with_warmup(const ScheduleOptions& o) {
  return [s = spans_of(o)](std::int64_t step) {
    const auto at = static_cast<double>(step);
    return s.warms_up(at) ? s.warmed_up(at) : 1.0;
  };
}

LrMultiplier linear(const ScheduleOptions& o, Keywords& keywords) {
  need_total(o, keywords);
  return [s = spans_of(o)](std::int64_t step) {
    const auto at = static_cast<double>(step);
    if (s.warms_up(at)) return s.warmed_up(at);
    return std::max(0.0, (s.total - at) / std::max(1.0, s.total - s.warmup));
  };
}

LrMultiplier polynomial(const ScheduleOptions& o, Keywords& keywords) {
  need_total(o, keywords);
  const double end = keywords.number("lr_end", 1e-7);
  const double power = keywords.number("power", 1);
  const double start = o.base_rate;
  keywords.require(end < start, "lr_end", fmt::format("below learning_rate, which is {}", start));
  keywords.require(power >= 0, "power", "0 or above");
  return [=, s = spans_of(o)](std::int64_t step) {
    const auto at = static_cast<double>(step);
    if (s.warms_up(at)) return s.warmed_up(at);
    if (at > s.total) return end / start;
    return ((start - end) * std::pow(1 - s.progress(at), power) + end) / start;
  };
}

LrMultiplier inverse_sqrt(const ScheduleOptions& o, Keywords& keywords) {
  constexpr double kWithoutWarmup = 10000;
  const auto given = keywords.optional_count("timescale");
  keywords.require(given.value_or(1) > 0, "timescale", "above 0");
  const Spans s = spans_of(o);
  const double timescale = given          ? static_cast<double>(*given)
                           : s.warmup > 0 ? s.warmup
                                          : kWithoutWarmup;
  return [=](std::int64_t step) {
    const auto at = static_cast<double>(step);
    if (s.warms_up(at)) return s.warmed_up(at);
    return 1 / std::sqrt((at + timescale - s.warmup) / timescale);
  };
}

LrMultiplier read_schedule(const ScheduleOptions& o, Keywords& keywords) {
  switch (o.type) {
    case SchedulerType::linear:
      return linear(o, keywords);
    case SchedulerType::cosine:
      return cosine(o, keywords);
    case SchedulerType::cosine_with_restarts:
      return cosine_with_restarts(o, keywords);
    case SchedulerType::polynomial:
      return polynomial(o, keywords);
    case SchedulerType::inverse_sqrt:
      return inverse_sqrt(o, keywords);
    case SchedulerType::cosine_with_min_lr:
      return cosine_with_min_lr(o, keywords);
    case SchedulerType::cosine_warmup_with_min_lr:
      return cosine_warmup_with_min_lr(o, keywords);
    case SchedulerType::warmup_stable_decay:
      return warmup_stable_decay(o, keywords);
    case SchedulerType::reduce_lr_on_plateau:
      read_plateau_settings(keywords);
      return {};
    case SchedulerType::greedy:
      read_greedy_settings(keywords);
      return {};
    case SchedulerType::constant:
      return [](std::int64_t) { return 1.0; };
    case SchedulerType::constant_with_warmup:
      return constant_with_warmup(o);
  }
  return {};
}

/// These two take no notice of keyword arguments, as in Python.
bool ignores_keywords(SchedulerType type) {
  return type == SchedulerType::constant || type == SchedulerType::constant_with_warmup;
}

std::pair<LrMultiplier, std::vector<std::string>> read(const ScheduleOptions& o) {
  const LogRow none;
  Keywords keywords("lr_scheduler_kwargs of " + to_string(o.type),
                    ignores_keywords(o.type) ? none : o.kwargs);
  LrMultiplier multiplier = read_schedule(o, keywords);
  return {std::move(multiplier), keywords.take_problems()};
}

}  // namespace

std::vector<std::string> problems(const ScheduleOptions& options) { return read(options).second; }

LrMultiplier make_multiplier(const ScheduleOptions& options) {
  auto [multiplier, found] = read(options);
  if (!found.empty()) {
    throw InvalidArgumentError("This learning rate schedule cannot be made", std::move(found));
  }
  return multiplier;
}

double lr_multiplier(const ScheduleOptions& options, std::int64_t step) {
  const LrMultiplier multiplier = make_multiplier(options);
  return multiplier ? multiplier(step) : 1;
}

double lr_multiplier(SchedulerType type, std::int64_t step, std::int64_t warmup_steps,
                     std::int64_t total_steps) {
  return lr_multiplier({.type = type, .warmup_steps = warmup_steps, .total_steps = total_steps},
                       step);
}

}  // namespace torchhub
