#pragma once

#include "torchhub/pickle/value.h"
#include "torchhub/training/log_row.h"
#include "torchhub/training/strategies.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace torchhub {

/// A schedule and what it needs to know of the run.
struct ScheduleOptions {
  SchedulerType type = SchedulerType::linear;
  /// Keyword arguments of the schedule as in Python (`lr_scheduler_kwargs`), such as
  /// {"num_cycles", 2}.
  LogRow kwargs = {};
  std::int64_t warmup_steps = 0;  ///< Updates. >= 0.
  std::int64_t total_steps = -1;  ///< Updates of the whole run; below 0: not known.
  double base_rate = 5e-5;        ///< learning_rate: the peak.
};

/// Everything that is wrong with them: unknown or missing keyword arguments, wrong types, values
/// that cannot be. Empty: all is well.
std::vector<std::string> problems(const ScheduleOptions& options);

/// The factor on the base learning rate after `step` scheduler steps; update number k, counted from
/// 0, runs with that of step k (transformers 5.12 `optimization.py`). 1 for the schedules that
/// follow a metric. @throws InvalidArgumentError listing problems(options)
double lr_multiplier(const ScheduleOptions& options, std::int64_t step);
/// The same without keyword arguments, for hand-written loops.
double lr_multiplier(SchedulerType type, std::int64_t step, std::int64_t warmup_steps,
                     std::int64_t total_steps);

/// Which learning rates a resumed run goes on with. Python's Trainer knows only the first.
enum class ResumedRates {
  of_checkpoint,  ///< What scheduler.pt says; a rate asked for that differs is warned of.
  of_this_run,    ///< What this run asks for; only the position comes from the checkpoint.
};

/// Learning rates over the course of a run. It touches no optimizer: whoever owns both hands
/// rates() to set_learning_rates() after each step. Derive from it for a schedule of your own. Not
/// for several threads at once.
class LrScheduler {
 public:
  virtual ~LrScheduler() = default;

  /// What the next update runs with, one a parameter group (PyTorch's get_last_lr()).
  virtual std::vector<double> rates() const = 0;
  /// The rates that factors multiply, one a parameter group: `initial_lr` in optimizer.pt. Empty
  /// where the schedule has no such thing.
  virtual std::vector<double> base_rates() const { return {}; }

  /// Whether it is step_on_metric() that moves the rates, and not step().
  virtual bool follows_metric() const { return false; }
  /// After each update that was made; a step that a gradient scaler left out does not count.
  virtual void step() {}
  /// After each evaluation, but that before training. @param metric metric_for_best_model
  virtual void step_on_metric(double /*metric*/) {}

  /// What scheduler.pt holds, with PyTorch's keys.
  virtual pickle::Dict state() const = 0;
  /// @throws InvalidArgumentError, PickleError; the scheduler is then as before
  virtual void load_state(const pickle::Dict& state, ResumedRates rates) = 0;
};

/// @param base_rates of the optimizer's groups; empty: two groups at options.base_rate
/// @throws InvalidArgumentError listing problems(options)
std::unique_ptr<LrScheduler> make_scheduler(const ScheduleOptions& options,
                                            std::vector<double> base_rates = {});

}  // namespace torchhub
