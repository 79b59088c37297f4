#include "torchhub/training/default_flow.h"

namespace torchhub {

void DefaultFlowCallback::on_step_end(const TrainerEvent& event) {
  const TrainingArguments& args = event.args;
  const std::int64_t step = event.state.global_step;
  const auto due = [step](std::int64_t every) { return every > 0 && step % every == 0; };
  const bool last = step >= event.plan.max_steps;
  TrainerControl& control = event.control;

  if ((step == 1 && args.logging_first_step) ||
      (args.logging_strategy == IntervalStrategy::steps && due(event.plan.logging_steps))) {
    control.should_log = true;
  }
  // The last step is always evaluated and saved, due or not.
  if (args.eval_strategy == IntervalStrategy::steps && (due(event.plan.eval_steps) || last) &&
      args.eval_delay <= static_cast<double>(step)) {
    control.should_evaluate = true;
  }
  if (args.save_strategy == SaveStrategy::steps && (due(event.plan.save_steps) || last)) {
    control.should_save = true;
  }
  if (last) control.should_training_stop = true;
}

void DefaultFlowCallback::on_epoch_end(const TrainerEvent& event) {
  if (event.args.logging_strategy == IntervalStrategy::epoch) event.control.should_log = true;
  if (event.args.eval_strategy == IntervalStrategy::epoch &&
      event.args.eval_delay <= event.state.epoch) {
    event.control.should_evaluate = true;
  }
  if (event.args.save_strategy == SaveStrategy::epoch) event.control.should_save = true;
}

}  // namespace torchhub
