// One update: its micro-batches, what their loss is divided by, and the optimizer's step.
#include "torchhub/training/optimizer.h"
#include "trainer/gpu_memory.h"
#include "trainer/training_run.h"

#include <algorithm>
#include <utility>

namespace torchhub {

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
  if (empties_cache_at(state_.global_step, args_)) release_cached_memory();
  callbacks.step_end(impl_.event());
  log_evaluate_save();
}

/// What a loss may be divided by, where anybody can use it.
UpdateExtent TrainingRun::extent_of(const std::vector<Batch>& batches) const {
  UpdateExtent extent{.batches = std::ssize(batches)};
  if (!impl_.counts_items()) return extent;
  std::int64_t items = 0;
  bool known = true;
  for (const Batch& batch : batches) {
    const std::optional<std::int64_t> of_batch = impl_.items_of(batch);
    known = known && of_batch.has_value();
    items += of_batch.value_or(0);
  }
  if (const auto total = total_items(items, known)) {
    extent.num_items_in_batch = std::max<std::int64_t>(*total, 1);  // none: the loss is 0
  }
  return extent;
}

void TrainingRun::optimizer_step() {
  const CallbackList& callbacks = impl_.callbacks;
  if (impl_.scaler) impl_.scaler->unscale(*optimizer_);
  grad_norm_ = clip_gradients(*optimizer_, args_.max_grad_norm);
  let_save_go_on();
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
  calm_since_ = impl_.options.clock->steady_now();
}

void TrainingRun::count(const Batch& inputs) {
  own_tokens_ += tokens_.in(inputs);
  own_flos_ += trainer_.floating_point_ops(inputs);
  if (!impl_.processes.alone()) return;  // agree() counts for all
  state_.num_input_tokens_seen += std::exchange(own_tokens_, 0);
  state_.total_flos += std::exchange(own_flos_, 0);
}

}  // namespace torchhub
