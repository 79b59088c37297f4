#include "trainer/training_run.h"

#include "torchhub/training/optimizer.h"
#include "torchhub/training/schedule.h"
#include "trainer/resume_source.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace torchhub {

TrainingRun::TrainingRun(Trainer::Impl& trainer)
    : trainer_(trainer),
      args_(trainer.options.args),
      plan_(trainer.plan),
      state_(trainer.state),
      control_(trainer.control),
      model_(*trainer.options.model),
      optimizer_(make_adamw(model_, args_)),
      base_rate_(args_.learning_rate),
      python_rng_(seeded_python_rng(args_.seed)) {}

TrainOutput TrainingRun::go(const TrainOptions& options) {
  const auto start = trainer_.options.clock->steady_now();
  remove_unfinished(args_.output_dir);
  if (trainer_.pusher) {
    earlier_pushes_ = std::ssize(trainer_.pusher->outcomes());
    earlier_push_stall_ = trainer_.pusher->stall_seconds();
  }
  state_ = TrainerState{.max_steps = plan_.max_steps,
                        .num_train_epochs = plan_.num_train_epochs,
                        .logging_steps = plan_.logging_steps,
                        .eval_steps = plan_.eval_steps,
                        .save_steps = plan_.save_steps,
                        .train_batch_size = plan_.train_batch_size};
  if (options.resume_from_checkpoint) {
    resume(resolve_checkpoint(*options.resume_from_checkpoint, args_.output_dir,
                              [this] { return trainer_.hub_options(); }));
  }
  model_.train();
  clear_gradients(*optimizer_);
  trainer_.callbacks.train_begin(trainer_.event());
  if (args_.eval_on_start) trainer_.evaluate(nullptr, "eval");

  const std::int64_t first_epoch = state_.global_step / plan_.updates_per_epoch;
  for (std::int64_t epoch = first_epoch; epoch < plan_.num_train_epochs; ++epoch) {
    if (state_.global_step >= plan_.max_steps) break;
    run_epoch(epoch);
    if (control_.should_training_stop) break;
  }
  return finish(start);
}

void TrainingRun::run_epoch(std::int64_t epoch) {
  trainer_.callbacks.epoch_begin(trainer_.event());
  const std::int64_t updates_done = std::exchange(updates_to_skip_, 0);
  std::int64_t batches_done = updates_done * args_.gradient_accumulation_steps;

  // Python draws a worker seed from the global generator for each epoch's iterator, and restores
  // the states of a checkpoint before it at the start of an epoch, after it in the middle of one.
  if (rng_file_ && updates_done == 0) restore_random_states();
  torch::empty({1}, torch::kInt64).random_();
  if (rng_file_) restore_random_states();

  const DataLoader loader = trainer_.train_loader();
  const auto batches = loader.epoch(epoch, batches_done);
  while (batches_done < plan_.batches_per_epoch) {
    std::vector<Batch> of_update;
    while (static_cast<std::int64_t>(of_update.size()) < args_.gradient_accumulation_steps) {
      auto batch = batches->next();
      if (!batch) break;
      of_update.push_back(std::move(*batch));
    }
    batches_done += static_cast<std::int64_t>(of_update.size());
    run_update(epoch, std::move(of_update), batches_done);
    if (control_.should_epoch_stop || control_.should_training_stop) break;
  }
  trainer_.callbacks.epoch_end(trainer_.event());
  log_evaluate_save();
}

void TrainingRun::run_update(std::int64_t epoch, std::vector<Batch> batches,
                             std::int64_t batches_done) {
  const CallbackList& callbacks = trainer_.callbacks;
  callbacks.step_begin(trainer_.event());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    add_loss(forward_backward(std::move(batches[i]), batches.size()));
    if (i + 1 < batches.size()) callbacks.substep_end(trainer_.event());
  }
  grad_norm_ = clip_gradients(*optimizer_, args_.max_grad_norm);
  callbacks.pre_optimizer_step(trainer_.event());
  used_rate_ = learning_rate();
  set_learning_rate(*optimizer_, used_rate_);
  optimizer_->step();
  callbacks.optimizer_step(trainer_.event());
  clear_gradients(*optimizer_);
  ++state_.global_step;
  state_.epoch = static_cast<double>(epoch) +
                 static_cast<double>(batches_done) / static_cast<double>(plan_.batches_per_epoch);
  callbacks.step_end(trainer_.event());
  log_evaluate_save();
}

double TrainingRun::forward_backward(Batch batch, std::size_t batches_in_update) {
  const ModelOutput output = model_.forward(on_device(std::move(batch), trainer_.device()));
  if (!output.loss.defined()) {
    throw InvalidArgumentError(
        "The model gave no loss. Its forward() must set ModelOutput::loss when the batch has "
        "labels, and the training dataset must have 'labels'.");
  }
  const torch::Tensor loss = output.loss / static_cast<double>(batches_in_update);
  loss.backward();
  return loss.item<double>();
}

void TrainingRun::add_loss(double loss) {
  if (args_.logging_nan_inf_filter && !std::isfinite(loss)) {
    // Python's stand-in: the mean of what was logged since the last log.
    loss = loss_since_log_ / static_cast<double>(1 + state_.global_step - last_logged_step_);
  }
  loss_since_log_ += loss;
  total_loss_ += loss;
}

void TrainingRun::log_evaluate_save() {
  if (control_.should_log && state_.global_step > last_logged_step_) log_loss();
  if (control_.should_evaluate) trainer_.evaluate(nullptr, "eval");
  if (control_.should_save) save_checkpoint();
}

void TrainingRun::log_loss() {
  const auto updates = static_cast<double>(state_.global_step - last_logged_step_);
  LogRow logs{{"loss", loss_since_log_ / updates},
              {"grad_norm", grad_norm_},
              {"learning_rate", used_rate_},
              {"epoch", state_.epoch}};
  loss_since_log_ = 0;
  last_logged_step_ = state_.global_step;
  trainer_.log(std::move(logs));
}

double TrainingRun::learning_rate() const {
  return base_rate_ * lr_multiplier(args_.lr_scheduler_type, state_.global_step, plan_.warmup_steps,
                                    plan_.max_steps);
}

/// Over all updates that were counted: all, unless Python wrote the checkpoint, which does not keep
/// its sum.
double TrainingRun::mean_loss() const {
  const std::int64_t updates = state_.global_step - first_counted_step_;
  return updates > 0 ? total_loss_ / static_cast<double>(updates) : 0;
}

std::optional<int> TrainingRun::cuda_device() const {
  const torch::Device device = trainer_.device();
  if (!device.is_cuda()) return std::nullopt;
  return device.has_index() ? device.index() : 0;
}

TrainOutput TrainingRun::finish(std::chrono::steady_clock::time_point start) {
  const double seconds = trainer_.seconds_since(start);
  output_.global_step = state_.global_step;
  output_.training_loss = mean_loss();
  output_.metrics = training_summary(seconds);
  LogRow logs;
  for (const auto& [name, value] : output_.metrics) logs.emplace_back(name, value);
  trainer_.log(std::move(logs));
  if (trainer_.pusher && args_.hub_strategy == HubStrategy::end) {
    trainer_.callbacks.push_begin(trainer_.event());
  }
  trainer_.callbacks.train_end(trainer_.event());
  if (trainer_.pusher) {
    const auto& outcomes = trainer_.pusher->outcomes();
    output_.pushes.assign(outcomes.begin() + earlier_pushes_, outcomes.end());
    output_.push_stall_seconds = trainer_.pusher->stall_seconds() - earlier_push_stall_;
  }
  return std::move(output_);
}

Metrics TrainingRun::training_summary(double seconds) const {
  const auto rounded = [](double value, double scale) {
    return std::nearbyint(value * scale) / scale;
  };
  Metrics metrics{{"train_runtime", rounded(seconds, 1e4)}};
  if (seconds > 0) {
    metrics.set("train_samples_per_second", rounded(plan_.num_train_samples / seconds, 1e3));
    metrics.set("train_steps_per_second",
                rounded(static_cast<double>(plan_.max_steps) / seconds, 1e3));
  }
  metrics.set("total_flos", state_.total_flos);
  metrics.set("train_loss", output_.training_loss);
  metrics.set("epoch", state_.epoch);
  return metrics;
}

}  // namespace torchhub
