#include "trainer/training_run.h"

#include "torchhub/base/log.h"
#include "torchhub/training/loss.h"
#include "torchhub/training/optimizer.h"
#include "trainer/out_of_memory.h"

#include <fmt/format.h>

#include <algorithm>
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

TrainingRun::TrainingRun(Trainer& trainer)
    : trainer_(trainer),
      impl_(*trainer.impl_),
      args_(impl_.options.args),
      plan_(impl_.plan),
      state_(impl_.state),
      control_(impl_.control),
      model_(*impl_.options.model),
      optimizer_(impl_.options.optimizer ? impl_.options.optimizer : trainer.create_optimizer()),
      scheduler_(make_scheduler(schedule_options(args_, plan_.max_steps, plan_.warmup_steps),
                                learning_rates(*optimizer_))),
      loader_(trainer.get_train_dataloader()),
      loss_(args_.logging_nan_inf_filter),
      python_rng_(seeded_python_rng(args_.seed)) {
  impl_.find_device();
  impl_.scaler.reset();
  if (args_.fp16) impl_.scaler.emplace();
  impl_.optimizer = optimizer_.get();
  impl_.lr_scheduler = scheduler_.get();
  impl_.train_loader = &loader_;
}

TrainingRun::~TrainingRun() {
  impl_.optimizer = nullptr;
  impl_.lr_scheduler = nullptr;
  impl_.train_loader = nullptr;
  impl_.exchange.reset();
}

TrainOutput TrainingRun::go(const std::optional<std::filesystem::path>& checkpoint) {
  start_ = impl_.options.clock->steady_now();
  measures_memory_ = impl_.memory.start("train");
  const NeftuneGuard neftune(model_, args_.neftune_noise_alpha);
  prepare(checkpoint);
  impl_.callbacks.train_begin(impl_.event());
  if (args_.eval_on_start) trainer_.evaluate();
  run_epochs();
  return finish();
}

void TrainingRun::prepare(const std::optional<std::filesystem::path>& checkpoint) {
  if (impl_.processes.writes()) remove_unfinished(args_.output_dir);
  if (impl_.pusher) {
    earlier_pushes_ = std::ssize(impl_.pusher->outcomes());
    earlier_push_stall_ = impl_.pusher->stall_seconds();
  }
  state_ = TrainerState{.max_steps = plan_.max_steps,
                        .num_train_epochs = plan_.num_train_epochs,
                        .logging_steps = plan_.logging_steps,
                        .eval_steps = plan_.eval_steps,
                        .save_steps = plan_.save_steps,
                        .train_batch_size = plan_.train_batch_size};
  impl_.processes.mark(state_);
  if (args_.gradient_checkpointing && !model_.set_gradient_checkpointing(true)) {
    throw InvalidArgumentError(fmt::format(
        "gradient_checkpointing is true, but {} cannot recompute activations. Set it to false.",
        model_.class_name()));
  }
  if (checkpoint) resume(*checkpoint);
  connect_gradients();
  set_learning_rates(*optimizer_, scheduler_->rates());
  first_token_ = state_.num_input_tokens_seen;
  model_.train();
  clear_gradients(*optimizer_);
}

void TrainingRun::run_epochs() {
  while (place_.epoch < plan_.num_train_epochs && state_.global_step < plan_.max_steps) {
    const Place begin = place_;
    const std::int64_t step_before = state_.global_step;
    run_epoch(begin.epoch, begin.samples_seen);
    place_ = {.epoch = begin.epoch + 1};
    if (control_.should_training_stop) return;
    if (state_.global_step == step_before && begin.samples_seen == 0) {
      log::warning("epoch_without_a_batch", {{"epoch", begin.epoch}, {"effect", "training ends"}});
      return;
    }
  }
}

void TrainingRun::run_epoch(std::int64_t epoch, std::int64_t samples_seen) {
  impl_.callbacks.epoch_begin(impl_.event());
  // Python draws a worker seed from the global generator for each epoch's iterator, and restores
  // the states of a checkpoint before it at the start of an epoch, after it in the middle of one.
  if (rng_file_ && samples_seen == 0) restore_random_states();
  torch::empty({1}, torch::kInt64).random_();
  if (rng_file_) restore_random_states();

  batches_done_ = samples_seen / plan_.samples_per_batch;
  const auto batches = loader_.epoch_from_sample(epoch, samples_seen);
  while (true) {
    std::vector<Batch> of_update = batches_of_update(*batches);
    if (of_update.empty()) break;
    batches_done_ += std::ssize(of_update);
    place_ = {.epoch = epoch, .samples_seen = batches->samples_seen()};
    run_update(std::move(of_update));
    if (control_.should_epoch_stop || control_.should_training_stop) break;
  }
  impl_.callbacks.epoch_end(impl_.event());
  log_evaluate_save();
}

/// gradient_accumulation_steps of them; the last update of an epoch takes what is left.
std::vector<Batch> TrainingRun::batches_of_update(EpochBatches& batches) const {
  std::vector<Batch> of_update;
  while (std::ssize(of_update) < args_.gradient_accumulation_steps) {
    auto batch = batches.next();
    if (!batch) break;
    of_update.push_back(impl_.model_inputs(std::move(*batch)));
  }
  return of_update;
}

void TrainingRun::run_update(std::vector<Batch> batches) {
  const CallbackList& callbacks = impl_.callbacks;
  UpdateExtent extent = extent_of(batches);
  callbacks.step_begin(impl_.event());
  if (impl_.exchange) impl_.exchange->broadcast_buffers();
  for (std::size_t i = 0; i < batches.size(); ++i) {
    extent.is_last = i + 1 == batches.size();
    count(batches[i]);
    loss_.add(trainer_.training_step(batches[i], extent), state_.global_step);
    if (!extent.is_last) callbacks.substep_end(impl_.event());
  }
  optimizer_step();
  ++state_.global_step;
  state_.epoch = static_cast<double>(place_.epoch) +
                 static_cast<double>(batches_done_) / static_cast<double>(plan_.batches_per_epoch);
  if (args_.torch_empty_cache_steps && state_.global_step % *args_.torch_empty_cache_steps == 0) {
    release_cached_memory();
  }
  callbacks.step_end(impl_.event());
  log_evaluate_save();
}

/// What a loss may be divided by, where anybody can use it.
UpdateExtent TrainingRun::extent_of(const std::vector<Batch>& batches) const {
  UpdateExtent extent{.batches = std::ssize(batches)};
  const bool used = model_.accepts_num_items_in_batch() || impl_.options.compute_loss_func ||
                    args_.label_smoothing_factor != 0;
  if (!used) return extent;
  std::int64_t items = 0;
  bool known = true;
  for (const Batch& batch : batches) {
    const at::Tensor labels = impl_.labels_of(batch);
    known = known && labels.defined();
    if (known) items += count_items(labels, model_.shifts_labels());
  }
  const auto total = args_.average_tokens_across_devices ? total_items(items, known)
                     : known                             ? std::optional(items)
                                                         : std::nullopt;
  if (total) extent.num_items_in_batch = std::max<std::int64_t>(*total, 1);  // none: the loss is 0
  return extent;
}

void TrainingRun::optimizer_step() {
  const CallbackList& callbacks = impl_.callbacks;
  if (impl_.scaler) impl_.scaler->unscale(*optimizer_);
  grad_norm_ = clip_gradients(*optimizer_, args_.max_grad_norm);
  callbacks.pre_optimizer_step(impl_.event());
  used_rate_ = scheduler_->rates().front();
  bool made = true;  // not where float16 gradients overflowed
  if (impl_.scaler) {
    made = impl_.scaler->step(*optimizer_);
    impl_.scaler->update();
  } else {
    optimizer_->step();
  }
  callbacks.optimizer_step(impl_.event());
  if (made && !scheduler_->follows_metric()) scheduler_->step();
  // Always those of the next update: optimizer.pt keeps them, and Python goes on with what it says.
  set_learning_rates(*optimizer_, scheduler_->rates());
  clear_gradients(*optimizer_);
}

void TrainingRun::count(const Batch& inputs) {
  own_tokens_ += tokens_in(inputs);
  own_flos_ += trainer_.floating_point_ops(inputs);
  if (!impl_.processes.alone()) return;  // agree() counts for all
  state_.num_input_tokens_seen += std::exchange(own_tokens_, 0);
  state_.total_flos += std::exchange(own_flos_, 0);
}

std::int64_t TrainingRun::tokens_in(const Batch& inputs) const {
  if (args_.include_num_input_tokens_seen == InputTokensSeen::no) return 0;
  const auto input = inputs.find(model_.main_input_name());
  if (input == inputs.end()) return 0;
  const auto mask = inputs.find("attention_mask");
  const bool masked =
      args_.include_num_input_tokens_seen == InputTokensSeen::non_padding && mask != inputs.end();
  return masked ? mask->second.sum().item<std::int64_t>() : input->second.numel();
}

TrainOutput TrainingRun::finish() {
  share_losses();
  output_.global_step = state_.global_step;
  output_.training_loss = loss_.mean(state_.global_step);
  output_.metrics = training_summary(impl_.seconds_since(start_));
  LogRow logs;
  for (const auto& [name, value] : output_.metrics) logs.emplace_back(name, value);
  trainer_.log(std::move(logs));
  if (args_.load_best_model_at_end) load_best_model();
  if (impl_.processes.writes()) keep_only_best_checkpoint();
  if (impl_.pusher && args_.hub_strategy == HubStrategy::end) {
    impl_.callbacks.push_begin(impl_.event());
  }
  impl_.callbacks.train_end(impl_.event());
  if (impl_.pusher) {
    const auto& outcomes = impl_.pusher->outcomes();
    output_.pushes.assign(outcomes.begin() + earlier_pushes_, outcomes.end());
    output_.push_stall_seconds = impl_.pusher->stall_seconds() - earlier_push_stall_;
  }
  return std::move(output_);
}

}  // namespace torchhub
