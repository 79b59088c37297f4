// What a run says and does between updates: log, evaluate, save, in this order.
#include "torchhub/base/log.h"
#include "torchhub/training/optimizer.h"
#include "trainer/metric_row.h"
#include "trainer/speed_metrics.h"
#include "trainer/training_run.h"

#include <algorithm>
#include <utility>

namespace torchhub {

void TrainingRun::log_evaluate_save() {
  control_.should_save = control_.should_save || owes_save_;
  agree();
  // Callbacks of each may raise flags again, in one process only; that it happens, all know.
  if (control_.should_log && state_.global_step > loss_.last_logged_step()) {
    log_loss();
    agree();
  }
  if (control_.should_evaluate) {
    evaluate();
    agree();
  }
  if (control_.should_save) {
    save_checkpoint();
    agree();
  }
}

void TrainingRun::log_loss() {
  share_losses();
  const double loss = loss_.logged(state_.global_step);
  LogRow logs{{"loss", impl_.options.round_logged_loss ? rounded(loss, 4) : loss},
              {"grad_norm", grad_norm_},
              {"learning_rate", used_rate_}};
  impl_.add_progress(logs);
  if (args_.include_num_input_tokens_seen != InputTokensSeen::no) {
    const double seconds = impl_.seconds_since(start_);
    logs.emplace_back("train_runtime", rounded(seconds, 4));
    if (seconds > 0) {
      const auto tokens = static_cast<double>(state_.num_input_tokens_seen - first_token_);
      logs.emplace_back("train_tokens_per_second", rounded(tokens / seconds, 3));
    }
  }
  trainer_.log(std::move(logs));
}

void TrainingRun::evaluate() {
  // Whoever ends the run with a save, as on SIGTERM, gets it though the model may not be the best.
  const bool ends_with_save = control_.should_save && control_.should_training_stop;
  const Metrics metrics = trainer_.evaluate();
  const auto watched = plan_.metric_for_best_model;
  if (scheduler_->follows_metric() && watched) {
    scheduler_->step_on_metric(metrics.at(*watched));
    set_learning_rates(*optimizer_, scheduler_->rates());
  }
  const bool is_best = watched && note_best(metrics);
  if (args_.save_strategy == SaveStrategy::best) {
    control_.should_save = is_best || ends_with_save || owes_save_;
  }
}

Metrics TrainingRun::training_summary(double seconds) {
  Metrics metrics;
  add_speed(metrics, "train", seconds, plan_.num_train_samples, plan_.max_steps);
  metrics.set("total_flos", state_.total_flos);
  metrics.set("train_loss", output_.training_loss);
  memory_.report(metrics);
  return metrics;
}

Metrics Trainer::Impl::progress() const {
  Metrics progress;
  if (state.epoch.is_whole()) {
    progress.set("epoch", static_cast<std::int64_t>(state.epoch));
  } else {
    progress.set("epoch", state.epoch);
  }
  if (options.args.include_num_input_tokens_seen != InputTokensSeen::no) {
    progress.set("num_input_tokens_seen", state.num_input_tokens_seen);
  }
  return progress;
}

void Trainer::Impl::add_progress(LogRow& row) const {
  for (auto& item : row_of(progress())) {
    const auto is_there = [&](const auto& other) { return other.first == item.first; };
    if (std::none_of(row.begin(), row.end(), is_there)) row.push_back(std::move(item));
  }
}

}  // namespace torchhub
