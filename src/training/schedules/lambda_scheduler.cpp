#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "training/schedules/metric_schedules.h"
#include "training/schedules/multiplier.h"
#include "training/schedules/scheduler_state.h"

#include <cmath>
#include <utility>

namespace torchhub {
namespace {

using pickle::Dict;
using pickle::List;
using pickle::None;

/// PyTorch's LambdaLR.
class LambdaScheduler final : public LrScheduler {
 public:
  LambdaScheduler(LrMultiplier multiplier, bool plain_function, std::vector<double> base_rates)
      : multiplier_(std::move(multiplier)),
        plain_function_(plain_function),
        base_rates_(std::move(base_rates)) {
    move_rates();
  }

  std::vector<double> rates() const override { return rates_; }
  std::vector<double> base_rates() const override { return base_rates_; }

  void step() override {
    ++last_epoch_;
    move_rates();
  }

  Dict state() const override {
    Dict dict;
    dict.set("base_lrs", list_of(base_rates_));
    dict.set("last_epoch", last_epoch_);
    dict.set("_step_count", last_epoch_ + 1);
    dict.set("_is_initial", false);
    dict.set("_get_lr_called_within_step", false);
    dict.set("_last_lr", list_of(rates_));
    List lambdas;
    for (std::size_t i = 0; i < base_rates_.size(); ++i) {
      // Python's objects with a __dict__, and those without.
      lambdas.items.push_back(plain_function_ ? pickle::Value(None{}) : pickle::Value(Dict{}));
    }
    dict.set("lr_lambdas", std::move(lambdas));
    return dict;
  }

  void load_state(const Dict& state, ResumedRates which) override {
    require_kind(state, "base_lrs");
    const std::vector<double> base = rates_at(state, "base_lrs", base_rates_.size());
    const std::vector<double> last = rates_at(state, "_last_lr", base_rates_.size());
    const std::int64_t epoch = count_at(state, "last_epoch");
    warn_of_other_rates(base, base_rates_, which);
    last_epoch_ = epoch;
    if (which == ResumedRates::of_checkpoint) {
      base_rates_ = base;
      rates_ = last;  // not multiplied anew: the next update runs with what was saved, as in Python
    } else {
      move_rates();
    }
  }

 private:
  void move_rates() {
    const double factor = multiplier_(last_epoch_);
    rates_ = base_rates_;
    for (double& rate : rates_) rate *= factor;
  }

  LrMultiplier multiplier_;
  bool plain_function_;
  std::vector<double> base_rates_;
  std::vector<double> rates_;
  std::int64_t last_epoch_ = 0;  ///< Steps done; the name is PyTorch's.
};

void warn_of_stable_steps(const ScheduleOptions& options) {
  if (options.type != SchedulerType::warmup_stable_decay || options.total_steps < 0) return;
  const auto stable = number_of(options.kwargs, "num_stable_steps");
  if (!stable) return;
  log::warning("num_stable_steps_wins",
               {{"num_stable_steps", *stable}, {"total_steps", options.total_steps}});
}

}  // namespace

std::unique_ptr<LrScheduler> make_scheduler(const ScheduleOptions& options,
                                            std::vector<double> base_rates) {
  LrMultiplier multiplier = make_multiplier(options);
  if (base_rates.empty()) base_rates = {options.base_rate, options.base_rate};
  Keywords keywords("", options.kwargs);  // checked already
  if (options.type == SchedulerType::reduce_lr_on_plateau) {
    return make_plateau_scheduler(read_plateau_settings(keywords), std::move(base_rates));
  }
  if (options.type == SchedulerType::greedy) {
    return make_greedy_scheduler(read_greedy_settings(keywords), std::move(base_rates));
  }
  warn_of_stable_steps(options);
  return std::make_unique<LambdaScheduler>(
      std::move(multiplier), options.type == SchedulerType::constant, std::move(base_rates));
}

}  // namespace torchhub
