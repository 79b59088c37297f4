#pragma once

#include "torchhub/training/arguments.h"

#include <cstdint>

namespace torchhub {

/// What a run will do: the arguments with every gap filled and every fraction counted out
/// (transformers 5.12 `Trainer.set_initial_training_values`).
struct TrainingPlan {
  std::int64_t num_examples = 0;       ///< Samples in the training dataset.
  std::int64_t train_batch_size = 0;   ///< Samples a forward pass.
  std::int64_t total_batch_size = 0;   ///< Samples an update.
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
};

/// @param num_examples samples in the training dataset
/// @throws InvalidArgumentError with all of problems(arguments), or if there are no samples
TrainingPlan make_plan(const TrainingArguments& arguments, std::int64_t num_examples);

}  // namespace torchhub
