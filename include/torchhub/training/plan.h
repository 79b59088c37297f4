#pragma once

#include "torchhub/training/arguments.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// What a plan must know of the training data. A stream may know neither.
struct TrainingData {
  std::optional<std::int64_t> num_examples = std::nullopt;       ///< Of all processes together.
  std::optional<std::int64_t> batches_per_epoch = std::nullopt;  ///< Forward passes of one process.
  std::int64_t world_size = 1;                                   ///< Processes.
  /// Of all processes together; unset: what the arguments say.
  std::optional<std::int64_t> samples_per_batch = std::nullopt;
};

/// What a run will do: the arguments with every gap filled and every fraction counted out
/// (transformers 5.12 `Trainer.set_initial_training_values`).
struct TrainingPlan {
  std::int64_t num_examples = 0;       ///< Samples in the training dataset.
  std::int64_t train_batch_size = 0;   ///< Samples a forward pass.
  std::int64_t total_batch_size = 0;   ///< Samples an update, of all processes.
  std::int64_t batches_per_epoch = 0;  ///< Forward passes an epoch.
  std::int64_t updates_per_epoch = 0;  ///< The last one may take fewer batches.
  std::int64_t max_steps = 0;          ///< Updates in all.
  std::int64_t num_train_epochs = 0;   ///< Epochs begun, the last perhaps not finished.
  double num_train_samples = 0;        ///< For the speed metric; fractional with fractional epochs.
  std::int64_t warmup_steps = 0;       ///< Updates.
  std::int64_t logging_steps = 0;      ///< Updates between logs.
  std::int64_t eval_steps = 0;         ///< Updates between evaluations.
  std::int64_t save_steps = 0;         ///< Updates between saves.
  std::uint64_t data_seed = 0;         ///< Epoch e is shuffled with data_seed + e.
  std::int64_t world_size = 1;         ///< Processes.
  std::int64_t samples_per_batch = 0;  ///< That all processes together take in a forward pass.
  /// The metric that says which model is best, with its `eval_`; unset: none is sought.
  std::optional<std::string> metric_for_best_model = std::nullopt;
  bool greater_is_better = false;
};

/// A number of updates as it was given, or a fraction of `max_steps` rounded up.
std::int64_t absolute_steps(double steps_or_fraction, std::int64_t max_steps);

/// Why these arguments cannot train with this data: no samples, no whole batch, or no length and no
/// max_steps. Empty if they can.
std::vector<std::string> problems(const TrainingData& data, const TrainingArguments& arguments);

/// @throws InvalidArgumentError with all of problems(arguments) and problems(data, arguments)
TrainingPlan make_plan(const TrainingArguments& arguments, const TrainingData& data);

/// For one process that reads `num_examples` samples in batches of per_device_train_batch_size.
TrainingPlan make_plan(const TrainingArguments& arguments, std::int64_t num_examples);

}  // namespace torchhub
