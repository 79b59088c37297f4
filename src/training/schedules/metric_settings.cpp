#include "training/schedules/metric_schedules.h"

#include <limits>

namespace torchhub {
namespace {

BetterRule read_metric_rule(Keywords& keywords, double threshold, std::string_view threshold_mode) {
  return {.lower_is_better = keywords.word("mode", "min", {"min", "max"}) == "min",
          .threshold = keywords.number("threshold", threshold),
          .relative = keywords.word("threshold_mode", threshold_mode, {"rel", "abs"}) == "rel"};
}

double read_factor(Keywords& keywords, double otherwise) {
  const double factor = keywords.number("factor", otherwise);
  keywords.require(factor > 0 && factor < 1, "factor", "above 0 and below 1");
  return factor;
}

double read_rate(Keywords& keywords, std::string_view name, double otherwise) {
  const double rate = keywords.number(name, otherwise);
  keywords.require(rate >= 0, name, "0 or above");
  return rate;
}

}  // namespace

double BetterRule::worst() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return lower_is_better ? kInfinity : -kInfinity;
}

bool BetterRule::operator()(double metric, double best) const {
  if (lower_is_better) return metric < (relative ? best * (1 - threshold) : best - threshold);
  return metric > (relative ? best * (1 + threshold) : best + threshold);
}

PlateauSettings read_plateau_settings(Keywords& keywords) {
  PlateauSettings s;
  s.better = read_metric_rule(keywords, 1e-4, "rel");
  s.factor = read_factor(keywords, s.factor);
  s.patience = keywords.count("patience", s.patience);
  s.cooldown = keywords.count("cooldown", s.cooldown);
  s.min_lr = read_rate(keywords, "min_lr", s.min_lr);
  s.eps = keywords.number("eps", s.eps);
  return s;
}

GreedySettings read_greedy_settings(Keywords& keywords) {
  GreedySettings s;
  s.better = read_metric_rule(keywords, 1e-6, "abs");
  s.factor = read_factor(keywords, s.factor);
  s.patience = keywords.count("patience", s.patience);
  s.cooldown = keywords.count("cooldown", s.cooldown);
  s.warmup = keywords.count("warmup", s.warmup);
  s.min_lr = read_rate(keywords, "min_lr", s.min_lr);
  s.max_lr = read_rate(keywords, "max_lr", s.max_lr);
  s.eps = keywords.number("eps", s.eps);
  s.verbose = keywords.flag("verbose", s.verbose);
  s.smooth = keywords.flag("smooth", s.smooth);
  s.window_size = keywords.count("window_size", s.window_size);
  keywords.require(s.window_size > 0, "window_size", "above 0");
  s.reset_start = keywords.count("reset_start", s.reset_start);
  return s;
}

}  // namespace torchhub
