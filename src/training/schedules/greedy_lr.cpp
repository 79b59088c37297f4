#include "torchhub/base/error.h"
#include "training/schedules/metric_schedules.h"
#include "training/schedules/scheduler_state.h"
#include "training/schedules/sliding_mean.h"

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

using pickle::Dict;

/// transformers' GreedyLR: up while the metric keeps getting better, down while it does not.
class GreedyScheduler final : public LrScheduler {
 public:
  GreedyScheduler(const GreedySettings& settings, std::vector<double> rates)
      : settings_(settings),
        min_lrs_(rates.size(), settings.min_lr),
        max_lrs_(rates.size(), settings.max_lr),
        first_rates_(rates),
        rates_(std::move(rates)),
        best_(settings.better.worst()),
        resets_in_(settings.reset_start),
        mean_(settings.window_size) {}

  std::vector<double> rates() const override { return rates_; }
  bool follows_metric() const override { return true; }
  void step_on_metric(double metric) override;
  Dict state() const override;
  void load_state(const Dict& state, ResumedRates which) override;

 private:
  void judge(double metric);
  void increase();
  void reduce();
  void reset();

  GreedySettings settings_;
  std::vector<double> min_lrs_;
  std::vector<double> max_lrs_;
  std::vector<double> first_rates_;
  std::vector<double> rates_;
  double best_;
  std::int64_t resets_in_;       ///< `reset_start`: reductions in vain until all starts anew.
  std::int64_t last_epoch_ = 0;  ///< Metrics seen; the name is PyTorch's.
  std::int64_t cooldown_counter_ = 0;
  std::int64_t warmup_counter_ = 0;
  std::int64_t num_bad_epochs_ = 0;
  std::int64_t num_good_epochs_ = 0;
  SlidingMean mean_;
};

void GreedyScheduler::step_on_metric(double metric) {
  if (settings_.smooth) metric = mean_.add(metric);
  ++last_epoch_;
  std::int64_t* pause = cooldown_counter_ > 0 ? &cooldown_counter_
                        : warmup_counter_ > 0 ? &warmup_counter_
                                              : nullptr;
  if (!pause) {
    judge(metric);
    return;
  }
  --*pause;
  num_bad_epochs_ = 0;
  num_good_epochs_ = 0;
}

void GreedyScheduler::judge(double metric) {
  if (settings_.better(metric, best_)) {
    best_ = metric;
    num_bad_epochs_ = 0;
    ++num_good_epochs_;
  } else {
    ++num_bad_epochs_;
    num_good_epochs_ = 0;
  }
  if (num_good_epochs_ > settings_.patience) {
    increase();
    warmup_counter_ = settings_.warmup;
    num_good_epochs_ = 0;
  } else if (num_bad_epochs_ > settings_.patience) {
    reduce();
    cooldown_counter_ = settings_.cooldown;
    num_bad_epochs_ = 0;
  }
}

void GreedyScheduler::increase() {
  for (std::size_t g = 0; g < rates_.size(); ++g) {
    const double higher = std::min(rates_[g] / settings_.factor, max_lrs_[g]);
    if (higher - rates_[g] > settings_.eps) rates_[g] = higher;
  }
  resets_in_ = settings_.reset_start;
}

void GreedyScheduler::reduce() {
  bool all_at_min = true;
  for (std::size_t g = 0; g < rates_.size(); ++g) {
    const double lower = std::max(rates_[g] * settings_.factor, min_lrs_[g]);
    if (rates_[g] - lower > settings_.eps) rates_[g] = lower;
    if (rates_[g] > min_lrs_[g]) all_at_min = false;
  }
  if (all_at_min && --resets_in_ <= 0) reset();
}

void GreedyScheduler::reset() {
  rates_ = first_rates_;
  best_ = settings_.better.worst();
  num_bad_epochs_ = 0;
  num_good_epochs_ = 0;
  warmup_counter_ = 0;
  // The caller sets the cool-down afterwards, as Python's does.
  cooldown_counter_ = 0;
  resets_in_ = settings_.reset_start;
  mean_ = SlidingMean(settings_.window_size);
}

Dict GreedyScheduler::state() const {
  Dict dict;
  dict.set("factor", settings_.factor);
  dict.set("min_lrs", list_of(min_lrs_));
  dict.set("max_lrs", list_of(max_lrs_));
  dict.set("patience", settings_.patience);
  dict.set("verbose", settings_.verbose);
  dict.set("cooldown", settings_.cooldown);
  dict.set("warmup", settings_.warmup);
  dict.set("cooldown_counter", cooldown_counter_);
  dict.set("warmup_counter", warmup_counter_);
  write_rule(settings_.better, dict);
  dict.set("best", best_);
  dict.set("num_bad_epochs", num_bad_epochs_);
  dict.set("num_good_epochs", num_good_epochs_);
  dict.set("eps", settings_.eps);
  dict.set("last_epoch", last_epoch_);
  dict.set("smooth", settings_.smooth);
  dict.set("window_size", settings_.window_size);
  dict.set("reset_start", resets_in_);
  dict.set("reset_start_original", settings_.reset_start);
  dict.set("_last_lr", list_of(rates_));
  dict.set("_init_lrs", list_of(first_rates_));
  if (settings_.smooth) dict.set("_streaming_avg", mean_.state());
  return dict;
}

/// The keyword arguments that the state repeats.
void read_settings(const Dict& state, GreedySettings& s) {
  s.better = read_rule(state);
  s.factor = factor_at(state);
  s.patience = count_at(state, "patience");
  s.verbose = state.at("verbose").boolean();
  s.cooldown = count_at(state, "cooldown");
  s.warmup = count_at(state, "warmup");
  s.eps = state.at("eps").number();
  s.smooth = state.at("smooth").boolean();
  s.window_size = count_at(state, "window_size");
  if (s.window_size == 0) throw InvalidArgumentError("'window_size' is 0.");
  s.reset_start = count_at(state, "reset_start_original");
}

void GreedyScheduler::load_state(const Dict& state, ResumedRates which) {
  require_kind(state, "num_good_epochs");
  GreedyScheduler loaded = *this;
  loaded.best_ = state.at("best").number();
  loaded.last_epoch_ = count_at(state, "last_epoch");
  loaded.cooldown_counter_ = count_at(state, "cooldown_counter");
  loaded.warmup_counter_ = count_at(state, "warmup_counter");
  loaded.num_bad_epochs_ = count_at(state, "num_bad_epochs");
  loaded.num_good_epochs_ = count_at(state, "num_good_epochs");
  loaded.resets_in_ = state.at("reset_start").integer();
  loaded.rates_ = rates_at(state, "_last_lr", rates_.size());
  loaded.first_rates_ = rates_at(state, "_init_lrs", rates_.size());
  loaded.min_lrs_ = rates_at(state, "min_lrs", rates_.size());
  loaded.max_lrs_ = rates_at(state, "max_lrs", rates_.size());
  read_settings(state, loaded.settings_);
  if (const auto* mean = state.find("_streaming_avg")) loaded.mean_.load_state(mean->dict());
  warn_of_other_rates(loaded.first_rates_, first_rates_, which);
  if (which == ResumedRates::of_this_run) {
    loaded.rates_ = rates_;
    loaded.first_rates_ = first_rates_;
    loaded.min_lrs_ = min_lrs_;
    loaded.max_lrs_ = max_lrs_;
    loaded.settings_ = settings_;
  }
  *this = std::move(loaded);
}

}  // namespace

std::unique_ptr<LrScheduler> make_greedy_scheduler(const GreedySettings& settings,
                                                   std::vector<double> rates) {
  return std::make_unique<GreedyScheduler>(settings, std::move(rates));
}

}  // namespace torchhub
