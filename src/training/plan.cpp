#include "torchhub/training/plan.h"

#include "torchhub/base/error.h"

#include <cmath>

namespace torchhub {
namespace {

/// A number of updates as it was given, or a fraction of `max_steps` rounded up.
std::int64_t absolute_steps(double steps_or_fraction, std::int64_t max_steps) {
  if (steps_or_fraction < 1) {
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(max_steps) * steps_or_fraction));
  }
  return static_cast<std::int64_t>(steps_or_fraction);
}

std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

TrainingPlan make_plan(const TrainingArguments& a, std::int64_t num_examples) {
  std::vector<std::string> found = problems(a);
  if (num_examples <= 0) found.emplace_back("The training dataset has no samples.");
  if (!found.empty()) {
    throw InvalidArgumentError("This training run cannot start", std::move(found));
  }
  TrainingPlan plan;
  plan.num_examples = num_examples;
  plan.train_batch_size = a.per_device_train_batch_size;
  plan.total_batch_size = a.per_device_train_batch_size * a.gradient_accumulation_steps;
  plan.batches_per_epoch = a.dataloader_drop_last ? num_examples / plan.train_batch_size
                                                  : divided_up(num_examples, plan.train_batch_size);
  if (plan.batches_per_epoch == 0) {
    throw InvalidArgumentError(
        "dataloader_drop_last leaves no batch: the training dataset is smaller than one. Use a "
        "smaller per_device_train_batch_size.");
  }
  plan.updates_per_epoch = divided_up(plan.batches_per_epoch, a.gradient_accumulation_steps);
  if (a.max_steps > 0) {
    plan.max_steps = a.max_steps;
    plan.num_train_epochs = divided_up(a.max_steps, plan.updates_per_epoch);
    plan.num_train_samples = static_cast<double>(a.max_steps * plan.total_batch_size);
  } else {
    plan.max_steps = static_cast<std::int64_t>(
        std::ceil(a.num_train_epochs * static_cast<double>(plan.updates_per_epoch)));
    plan.num_train_epochs = static_cast<std::int64_t>(std::ceil(a.num_train_epochs));
    plan.num_train_samples = static_cast<double>(num_examples) * a.num_train_epochs;
  }
  plan.warmup_steps = absolute_steps(a.warmup_steps, plan.max_steps);
  plan.logging_steps = absolute_steps(a.logging_steps, plan.max_steps);
  plan.eval_steps = absolute_steps(a.eval_steps.value_or(a.logging_steps), plan.max_steps);
  plan.save_steps = absolute_steps(a.save_steps, plan.max_steps);
  plan.data_seed = a.data_seed.value_or(a.seed);
  return plan;
}

}  // namespace torchhub
