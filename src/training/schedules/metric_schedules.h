#pragma once

#include "torchhub/training/schedule.h"
#include "training/schedules/keywords.h"

namespace torchhub {

/// When a metric counts as better than the best so far.
struct BetterRule {
  bool lower_is_better = true;  ///< `mode`: min or max.
  double threshold = 0;
  bool relative = true;  ///< `threshold_mode`: rel or abs.

  double worst() const;
  bool operator()(double metric, double best) const;
};

/// Keyword arguments of torch's ReduceLROnPlateau.
struct PlateauSettings {
  BetterRule better = {};
  double factor = 0.1;
  std::int64_t patience = 10;
  std::int64_t cooldown = 0;
  double min_lr = 0;
  double eps = 1e-8;
};

/// Keyword arguments of transformers' GreedyLR.
struct GreedySettings {
  BetterRule better = {};
  double factor = 0.95;
  std::int64_t patience = 10;
  std::int64_t cooldown = 0;
  std::int64_t warmup = 0;
  double min_lr = 1e-3;
  double max_lr = 1;
  double eps = 1e-8;
  bool verbose = false;  ///< Python prints each change; we only carry it along.
  bool smooth = false;
  std::int64_t window_size = 50;
  std::int64_t reset_start = 500;
};

PlateauSettings read_plateau_settings(Keywords& keywords);
GreedySettings read_greedy_settings(Keywords& keywords);

std::unique_ptr<LrScheduler> make_plateau_scheduler(const PlateauSettings& settings,
                                                    std::vector<double> rates);
std::unique_ptr<LrScheduler> make_greedy_scheduler(const GreedySettings& settings,
                                                   std::vector<double> rates);

}  // namespace torchhub
