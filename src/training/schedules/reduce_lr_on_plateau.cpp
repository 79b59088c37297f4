#include "torchhub/base/error.h"
#include "training/schedules/metric_schedules.h"
#include "training/schedules/scheduler_state.h"

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

using pickle::Dict;

/// torch.optim.lr_scheduler.ReduceLROnPlateau
class PlateauScheduler final : public LrScheduler {
 public:
  PlateauScheduler(const PlateauSettings& settings, std::vector<double> rates)
      : settings_(settings),
        default_min_lr_(settings.min_lr),
        min_lrs_(rates.size(), settings.min_lr),
        rates_(std::move(rates)),
        best_(settings.better.worst()) {}

  std::vector<double> rates() const override { return rates_; }
  bool follows_metric() const override { return true; }

  void step_on_metric(double metric) override {
    ++last_epoch_;
    if (settings_.better(metric, best_)) {
      best_ = metric;
      num_bad_epochs_ = 0;
    } else {
      ++num_bad_epochs_;
    }
    if (cooldown_counter_ > 0) {
      --cooldown_counter_;
      num_bad_epochs_ = 0;
    }
    if (num_bad_epochs_ <= settings_.patience) return;
    reduce();
    cooldown_counter_ = settings_.cooldown;
    num_bad_epochs_ = 0;
  }

  Dict state() const override;
  void load_state(const Dict& state, ResumedRates which) override;

 private:
  void reduce() {
    for (std::size_t g = 0; g < rates_.size(); ++g) {
      const double lower = std::max(rates_[g] * settings_.factor, min_lrs_[g]);
      if (rates_[g] - lower > settings_.eps) rates_[g] = lower;
    }
  }

  PlateauSettings settings_;
  pickle::Value default_min_lr_;  ///< None where the file gave each group its own.
  std::vector<double> min_lrs_;
  std::vector<double> rates_;
  double best_;
  std::int64_t last_epoch_ = 0;  ///< Metrics seen; the name is PyTorch's.
  std::int64_t cooldown_counter_ = 0;
  std::int64_t num_bad_epochs_ = 0;
};

Dict PlateauScheduler::state() const {
  Dict dict;
  dict.set("factor", settings_.factor);
  dict.set("default_min_lr", default_min_lr_);
  dict.set("min_lrs", list_of(min_lrs_));
  dict.set("patience", settings_.patience);
  dict.set("cooldown", settings_.cooldown);
  dict.set("eps", settings_.eps);
  dict.set("last_epoch", last_epoch_);
  dict.set("_last_lr", list_of(rates_));
  dict.set("mode_worse", settings_.better.worst());
  write_rule(settings_.better, dict);
  dict.set("best", best_);
  dict.set("cooldown_counter", cooldown_counter_);
  dict.set("num_bad_epochs", num_bad_epochs_);
  return dict;
}

void PlateauScheduler::load_state(const Dict& state, ResumedRates which) {
  require_kind(state, "num_bad_epochs");
  if (state.find("num_good_epochs")) {
    throw InvalidArgumentError("it is of the schedule 'greedy', not of 'reduce_lr_on_plateau'.");
  }
  PlateauScheduler loaded = *this;
  loaded.best_ = state.at("best").number();
  loaded.last_epoch_ = count_at(state, "last_epoch");
  loaded.cooldown_counter_ = count_at(state, "cooldown_counter");
  loaded.num_bad_epochs_ = count_at(state, "num_bad_epochs");
  loaded.rates_ = rates_at(state, "_last_lr", rates_.size());
  loaded.min_lrs_ = rates_at(state, "min_lrs", rates_.size());
  if (const auto* common = state.find("default_min_lr")) loaded.default_min_lr_ = *common;
  PlateauSettings& s = loaded.settings_;
  s.better = read_rule(state);
  s.factor = factor_at(state);
  s.patience = count_at(state, "patience");
  s.cooldown = count_at(state, "cooldown");
  s.eps = state.at("eps").number();
  if (which == ResumedRates::of_this_run) {
    loaded.rates_ = rates_;
    loaded.settings_ = settings_;
    loaded.min_lrs_ = min_lrs_;
    loaded.default_min_lr_ = default_min_lr_;
  }
  *this = std::move(loaded);
}

}  // namespace

std::unique_ptr<LrScheduler> make_plateau_scheduler(const PlateauSettings& settings,
                                                    std::vector<double> rates) {
  return std::make_unique<PlateauScheduler>(settings, std::move(rates));
}

}  // namespace torchhub
