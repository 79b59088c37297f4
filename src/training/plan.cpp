#include "torchhub/training/plan.h"

#include "base/divided_up.h"
#include "torchhub/base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace torchhub {

std::int64_t absolute_steps(double steps_or_fraction, std::int64_t max_steps) {
  if (steps_or_fraction < 1) {
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(max_steps) * steps_or_fraction));
  }
  return static_cast<std::int64_t>(steps_or_fraction);
}

namespace {

/// As they were given; Python's state says 500 where nobody asks for evaluations by steps.
double eval_steps(const TrainingArguments& a) {
  if (a.eval_steps && *a.eval_steps > 0) return *a.eval_steps;
  return a.eval_strategy == IntervalStrategy::steps ? a.logging_steps : 500;
}

void require_no_problems(const TrainingArguments& a, const TrainingData& data) {
  std::vector<std::string> found = problems(a);
  for (auto& problem : problems(data, a)) found.push_back(std::move(problem));
  if (!found.empty()) {
    throw InvalidArgumentError("This training run cannot start", std::move(found));
  }
}

/// Epochs and updates (transformers' words: docs/training-loop.md).
void count_updates(TrainingPlan& plan, const TrainingArguments& a, const TrainingData& data) {
  const auto examples = static_cast<double>(plan.num_examples);
  if (!data.batches_per_epoch) {
    plan.updates_per_epoch = plan.max_steps = a.max_steps;
    plan.batches_per_epoch = a.max_steps * a.gradient_accumulation_steps;
    plan.num_train_epochs = std::numeric_limits<std::int64_t>::max();  // as many as it takes
  } else {
    plan.batches_per_epoch = *data.batches_per_epoch;
    plan.updates_per_epoch = divided_up(plan.batches_per_epoch, a.gradient_accumulation_steps);
    if (a.max_steps > 0) {
      plan.max_steps = a.max_steps;
      plan.num_train_epochs = divided_up(a.max_steps, plan.updates_per_epoch);
    } else {
      plan.max_steps = static_cast<std::int64_t>(
          std::ceil(a.num_train_epochs * static_cast<double>(plan.updates_per_epoch)));
      plan.num_train_epochs = static_cast<std::int64_t>(std::ceil(a.num_train_epochs));
    }
  }
  plan.num_train_samples = a.max_steps > 0
                               ? static_cast<double>(a.max_steps * plan.total_batch_size)
                               : examples * a.num_train_epochs;
}

void choose_best_metric(TrainingPlan& plan, const TrainingArguments& a) {
  plan.metric_for_best_model = a.metric_for_best_model;
  const bool wanted = a.load_best_model_at_end ||
                      a.lr_scheduler_type == SchedulerType::reduce_lr_on_plateau ||
                      a.lr_scheduler_type == SchedulerType::greedy;
  if (!plan.metric_for_best_model && wanted) plan.metric_for_best_model = "loss";
  if (!plan.metric_for_best_model) return;
  plan.greater_is_better =
      a.greater_is_better.value_or(!plan.metric_for_best_model->ends_with("loss"));
  if (!plan.metric_for_best_model->starts_with("eval_")) {
    plan.metric_for_best_model->insert(0, "eval_");
  }
}

}  // namespace

std::vector<std::string> problems(const TrainingData& data, const TrainingArguments& a) {
  std::vector<std::string> found;
  if (data.num_examples && *data.num_examples <= 0) {
    found.emplace_back("The training dataset has no samples.");
  } else if (data.batches_per_epoch && *data.batches_per_epoch <= 0) {
    found.emplace_back(
        "dataloader_drop_last leaves no batch: the training dataset is smaller than one. Use a "
        "smaller per_device_train_batch_size.");
  }
  if (!data.batches_per_epoch && a.max_steps <= 0) {
    found.emplace_back("The training data has no length, so max_steps must be set.");
  }
  return found;
}

TrainingPlan make_plan(const TrainingArguments& a, const TrainingData& data) {
  require_no_problems(a, data);
  TrainingPlan plan;
  plan.num_examples = data.num_examples.value_or(0);
  plan.world_size = data.world_size;
  plan.train_batch_size = a.per_device_train_batch_size;
  const bool split = a.accelerator_config.split_batches;
  plan.samples_per_batch = data.samples_per_batch.value_or(a.per_device_train_batch_size *
                                                           (split ? 1 : data.world_size));
  plan.total_batch_size = plan.samples_per_batch * a.gradient_accumulation_steps;
  count_updates(plan, a, data);
  plan.warmup_steps = absolute_steps(a.warmup_steps, plan.max_steps);
  plan.logging_steps = absolute_steps(a.logging_steps, plan.max_steps);
  plan.eval_steps = absolute_steps(eval_steps(a), plan.max_steps);
  plan.save_steps = absolute_steps(a.save_steps, plan.max_steps);
  plan.data_seed = a.data_seed.value_or(a.seed);
  choose_best_metric(plan, a);
  return plan;
}

TrainingPlan make_plan(const TrainingArguments& a, std::int64_t num_examples) {
  const std::int64_t size = std::max<std::int64_t>(a.per_device_train_batch_size, 1);
  return make_plan(
      a, {.num_examples = num_examples,
          .batches_per_epoch =
              a.dataloader_drop_last ? num_examples / size : divided_up(num_examples, size)});
}

}  // namespace torchhub
