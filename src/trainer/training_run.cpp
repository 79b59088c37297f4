#include "trainer/training_run.h"

#include "torchhub/base/log.h"
#include "torchhub/training/optimizer.h"
#include "trainer/checkpoint_files.h"
#include "trainer/metric_row.h"
#include "trainer/worker_seed.h"
#include "training/module_device.h"

#include <fmt/format.h>

#include <utility>

namespace torchhub {
namespace {

/// Noise on embeddings for as long as it lives.
class NeftuneGuard {
 public:
  NeftuneGuard(PreTrainedModel& model, std::optional<double> alpha) : model_(model) {
    model_.set_neftune_noise(alpha.value_or(0));
  }
  ~NeftuneGuard() { model_.set_neftune_noise(0); }
  NeftuneGuard(const NeftuneGuard&) = delete;
  NeftuneGuard& operator=(const NeftuneGuard&) = delete;

 private:
  PreTrainedModel& model_;
};

}  // namespace

TrainingRun::TrainingRun(Trainer& trainer, DataLoader loader)
    : trainer_(trainer),
      impl_(*trainer.impl_),
      args_(impl_.options.args),
      plan_(impl_.plan),
      state_(impl_.state),
      control_(impl_.control),
      model_(*impl_.options.model),
      optimizer_(optimizer_at_its_first_rates()),
      scheduler_(schedule_of_plan()),
      loader_(std::move(loader)),
      memory_(impl_.memory, "train"),
      loss_(args_.logging_nan_inf_filter, device_of(model_)),
      tokens_(model_, args_.include_num_input_tokens_seen),
      python_rng_(seeded_python_rng(args_.seed)) {
  impl_.find_device();
  impl_.scaler.reset();
  if (args_.fp16) impl_.scaler.emplace();
  impl_.optimizer = optimizer_.get();
  impl_.lr_scheduler = scheduler_.get();
  impl_.train_loader = &loader_;
  impl_.callbacks.set_before_events([this] { announce_save(); });
}

/// The user's, or that of the train() before, as Python goes on with it, or a new one. An earlier
/// schedule has left it with the rates of its end.
std::shared_ptr<torch::optim::Optimizer> TrainingRun::optimizer_at_its_first_rates() {
  const TrainerOptions& options = impl_.options;
  std::shared_ptr<torch::optim::Optimizer>& kept = impl_.kept_optimizer;
  if (!kept) {
    kept = options.optimizer ? options.optimizer : trainer_.create_optimizer();
    impl_.base_rates = learning_rates(*kept);
  } else if (!options.lr_scheduler && kept->param_groups().size() == impl_.base_rates.size()) {
    set_learning_rates(*kept, impl_.base_rates);
  }
  return kept;
}

std::shared_ptr<LrScheduler> TrainingRun::schedule_of_plan() {
  const auto& given = impl_.options.lr_scheduler;
  return given ? given : trainer_.create_scheduler(plan_.max_steps, *optimizer_);
}

TrainingRun::~TrainingRun() {
  impl_.callbacks.set_before_events({});
  impl_.optimizer = nullptr;
  impl_.lr_scheduler = nullptr;
  impl_.train_loader = nullptr;
  impl_.exchange.reset();
}

TrainOutput TrainingRun::go(const std::optional<std::filesystem::path>& checkpoint) {
  start_ = impl_.options.clock->steady_now();
  const NeftuneGuard neftune(model_, args_.neftune_noise_alpha);
  try {
    prepare(checkpoint);
    impl_.callbacks.train_begin(impl_.event());
    if (args_.eval_on_start) trainer_.evaluate();
    run_epochs();
    return finish();
  } catch (const std::exception& error) {
    keep_save_under_way();
    if (!impl_.tries_again_after(error)) impl_.callbacks.exception(impl_.event(), error);
    throw;
  }
}

/// The run fails, but what it had begun to save is worth having.
void TrainingRun::keep_save_under_way() {
  try {
    wait_for_save();
    announce_save();
  } catch (const std::exception& another) {
    log::error("save_not_finished", {{"error", another.what()}});
  }
}

void TrainingRun::prepare(const std::optional<std::filesystem::path>& checkpoint) {
  // Once: what an earlier train() handed over may still be on its way.
  if (!std::exchange(impl_.swept, true) && impl_.processes.writes()) {
    remove_unfinished(args_.output_dir);
  }
  if (impl_.pusher) {
    for (const PushOutcome& push : impl_.pusher->outcomes()) {
      if (push.state != PushState::failed) earlier_pushes_.insert(push.id);  // else tried again
    }
    earlier_push_stall_ = impl_.pusher->stall_seconds();
  }
  state_ = TrainerState{.max_steps = plan_.max_steps,
                        .num_train_epochs = plan_.num_train_epochs,
                        .logging_steps = plan_.logging_steps,
                        .eval_steps = plan_.eval_steps,
                        .save_steps = plan_.save_steps,
                        .train_batch_size = plan_.train_batch_size};
  impl_.processes.mark(state_);
  impl_.weights_step.reset();
  if (args_.gradient_checkpointing && !model_.set_gradient_checkpointing(true)) {
    throw InvalidArgumentError(fmt::format(
        "gradient_checkpointing is true, but {} cannot recompute activations. Set it to false.",
        model_.class_name()));
  }
  if (auto problem = saving_problem(args_, *optimizer_)) throw InvalidArgumentError(*problem);
  if (checkpoint) resume(*checkpoint);
  connect_gradients();
  set_learning_rates(*optimizer_, scheduler_->rates());
  first_token_ = state_.num_input_tokens_seen;
  model_.train();
  clear_gradients(*optimizer_);
}

void TrainingRun::run_epochs() {
  while (place_.epoch < plan_.num_train_epochs &&
         (state_.global_step < plan_.max_steps || place_.is_over)) {
    const Place begin = place_;
    const std::int64_t step_before = state_.global_step;
    run_epoch(begin);
    place_ = {.epoch = begin.epoch + 1};
    if (control_.should_training_stop) return;
    if (state_.global_step == step_before && begin.is_start()) {
      log::warning("epoch_without_a_batch", {{"epoch", begin.epoch}, {"effect", "training ends"}});
      return;
    }
  }
}

/// From the start of an epoch, from a place in it, or its end alone.
void TrainingRun::run_epoch(const Place& begin) {
  impl_.callbacks.epoch_begin(impl_.event());
  // Python restores the states of a checkpoint before the seed is drawn at the start of an epoch,
  // after it in the middle of one.
  if (rng_file_ && begin.is_start()) restore_random_states();
  draw_worker_seed();
  if (rng_file_) restore_random_states();

  epoch_ended_ = false;
  no_batch_left_ = begin.is_over;
  if (!begin.is_over) train_on(begin);
  epoch_ended_ = true;
  impl_.callbacks.epoch_end(impl_.event());
  log_evaluate_save();
}

void TrainingRun::train_on(const Place& begin) {
  batches_done_ = begin.samples_seen / plan_.samples_per_batch;
  const auto batches = loader_.epoch_from_sample(begin.epoch, begin.samples_seen);
  while (true) {
    std::vector<Batch> of_update = batches_of_update(*batches);
    no_batch_left_ = of_update.empty();
    if (no_batch_left_) return;
    batches_done_ += std::ssize(of_update);
    place_ = {.epoch = begin.epoch, .samples_seen = batches->samples_seen()};
    run_update(std::move(of_update));
    if (control_.should_epoch_stop || control_.should_training_stop) return;
  }
}

/// Nothing is left to compute beside it.
void TrainingRun::wait_for_last_save() {
  const auto start = impl_.options.clock->steady_now();
  wait_for_save();
  output_.last_save_seconds = impl_.seconds_since(start);
  announce_save();
  control_.should_save = owes_save_;
  agree();
  if (control_.should_save) save_checkpoint();
}

TrainOutput TrainingRun::finish() {
  wait_for_last_save();
  share_losses();
  output_.global_step = state_.global_step;
  output_.training_loss = loss_.mean(state_.global_step);
  output_.metrics = training_summary(impl_.seconds_since(start_));
  update(output_.metrics, impl_.progress());
  trainer_.log(row_of(output_.metrics));
  if (args_.load_best_model_at_end) load_best_model();
  if (impl_.processes.writes()) keep_only_best_checkpoint();
  if (impl_.pusher && impl_.pusher->will_push_at_end(impl_.event())) {
    if (args_.hub_strategy == HubStrategy::end) impl_.save_model_to(args_.output_dir);
    impl_.callbacks.push_begin(impl_.event());
  }
  limit_pushes_after_signal();
  impl_.callbacks.train_end(impl_.event());
  report_pushes();
  output_.save_bytes_copied = writer_.bytes_kept();
  output_.save_bytes_copied_ahead = writer_.bytes_kept_ahead();
  return std::move(output_);
}

/// A machine that sent SIGTERM goes away soon. What is not pushed by then stays on disk.
void TrainingRun::limit_pushes_after_signal() {
  if (impl_.pusher && impl_.stopped_by_signal()) {
    impl_.pusher->shorten_time_limit(impl_.options.push_time_limit_after_signal);
  }
}

void TrainingRun::report_pushes() {
  if (!impl_.pusher) return;
  for (const PushOutcome& push : impl_.pusher->outcomes()) {
    if (!earlier_pushes_.contains(push.id)) output_.pushes.push_back(push);
  }
  output_.push_stall_seconds = impl_.pusher->stall_seconds() - earlier_push_stall_;
}

}  // namespace torchhub
