#include "torchhub/callbacks/early_stopping.h"

#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <cmath>

namespace torchhub {
namespace {

template <typename T>
void warn_of_change(const char* name, T given, T of_checkpoint) {
  if (given == of_checkpoint) return;
  log::warning("setting_from_checkpoint",
               {{"name", name}, {"given", given}, {"used", of_checkpoint}});
}

}  // namespace

EarlyStoppingCallback::EarlyStoppingCallback(EarlyStoppingOptions options) : options_(options) {
  std::vector<std::string> problems;
  if (options.early_stopping_patience <= 0) {
    problems.push_back(fmt::format("early_stopping_patience is {}; it must be above 0.",
                                   options.early_stopping_patience));
  }
  if (!(options.early_stopping_threshold >= 0)) {
    problems.push_back(fmt::format("early_stopping_threshold is {}; it must be 0 or above.",
                                   options.early_stopping_threshold));
  }
  if (!problems.empty()) throw InvalidArgumentError("EarlyStoppingOptions", std::move(problems));
}

void EarlyStoppingCallback::on_train_begin(const TrainerEvent& event) {
  std::vector<std::string> problems;
  if (!event.plan.metric_for_best_model) {
    problems.emplace_back("metric_for_best_model is unset; name the metric that must improve.");
  }
  if (event.args.eval_strategy == IntervalStrategy::no) {
    problems.emplace_back("eval_strategy is no; evaluate by steps or epoch.");
  }
  if (!problems.empty()) {
    throw InvalidArgumentError("EarlyStoppingCallback cannot work", std::move(problems));
  }
  if (!event.args.load_best_model_at_end) {
    log::warning("early_stopping_keeps_last_weights",
                 {{"effect", "the run ends with the weights of its last update"},
                  {"remedy", "load_best_model_at_end"}});
  }
}

void EarlyStoppingCallback::on_evaluate(const TrainerEvent& event, const Metrics& metrics) {
  if (!event.plan.metric_for_best_model) return;
  const auto value = metrics.get(*event.plan.metric_for_best_model);
  if (!value) {  // of another evaluation set, perhaps
    log::warning("early_stopping_without_metric", {{"metric", *event.plan.metric_for_best_model}});
    return;
  }
  // The best before this evaluation: the Trainer takes note of a new one afterwards.
  const auto& best = event.state.best_metric;
  const double gain = !best ? 0 : event.plan.greater_is_better ? *value - *best : *best - *value;
  const bool improved = !best || (gain > 0 && std::abs(gain) > options_.early_stopping_threshold);
  without_improvement_ = improved ? 0 : without_improvement_ + 1;
  if (without_improvement_ >= options_.early_stopping_patience) {
    event.control.should_training_stop = true;
  }
}

std::optional<CallbackState> EarlyStoppingCallback::state() const {
  return CallbackState{.args = {{"early_stopping_patience", options_.early_stopping_patience},
                                {"early_stopping_threshold", options_.early_stopping_threshold}},
                       .attributes = {{"early_stopping_patience_counter", without_improvement_}}};
}

void EarlyStoppingCallback::restore(const CallbackState& state) {
  if (const auto counter = number_of(state.attributes, "early_stopping_patience_counter")) {
    without_improvement_ = static_cast<std::int64_t>(*counter);
  }
  // As in Python, the settings come back too.
  EarlyStoppingOptions then = options_;
  if (const auto patience = number_of(state.args, "early_stopping_patience")) {
    then.early_stopping_patience = static_cast<std::int64_t>(*patience);
  }
  if (const auto threshold = number_of(state.args, "early_stopping_threshold")) {
    then.early_stopping_threshold = *threshold;
  }
  warn_of_change("early_stopping_patience", options_.early_stopping_patience,
                 then.early_stopping_patience);
  warn_of_change("early_stopping_threshold", options_.early_stopping_threshold,
                 then.early_stopping_threshold);
  options_ = then;
}

}  // namespace torchhub
