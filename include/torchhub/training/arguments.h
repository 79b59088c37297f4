#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

enum class IntervalStrategy { no, steps, epoch };
enum class SaveStrategy { no, steps, epoch };
enum class HubStrategy { end, every_save, checkpoint, all_checkpoints };
enum class SchedulerType { linear, constant, constant_with_warmup, cosine };

/// What the user asks of a training run, gaps included. Names, defaults and meaning are those of
/// transformers 5.12 `TrainingArguments`; make_plan() turns them into what will be done.
///
/// A number of steps is a count of updates; below 1 it is a fraction of all updates.
struct TrainingArguments {
  std::filesystem::path output_dir = "trainer_output";  ///< Receives checkpoint-<step>/ folders.

  std::int64_t per_device_train_batch_size = 8;  ///< Samples a forward pass. > 0.
  std::int64_t per_device_eval_batch_size = 8;   ///< Samples a forward pass in evaluation. > 0.
  std::int64_t gradient_accumulation_steps = 1;  ///< Forward passes an update. > 0.
  double num_train_epochs = 3.0;  ///< May be fractional. > 0 unless max_steps is set.
  std::int64_t max_steps = -1;    ///< Above 0: updates to make, whatever the epochs.

  double learning_rate = 5e-5;                              ///< Peak value, after warm-up. >= 0.
  SchedulerType lr_scheduler_type = SchedulerType::linear;  ///< Shape after the warm-up.
  double warmup_steps = 0;     ///< Updates of linear warm-up, or a fraction of all. >= 0.
  double weight_decay = 0.0;   ///< Of weights, never of biases and norms. >= 0.
  double adam_beta1 = 0.9;     ///< In [0, 1).
  double adam_beta2 = 0.999;   ///< In [0, 1).
  double adam_epsilon = 1e-8;  ///< >= 0.
  double max_grad_norm = 1.0;  ///< Global 2-norm that gradients are clipped to; 0: no clipping.

  IntervalStrategy logging_strategy = IntervalStrategy::steps;  ///< When to log the loss.
  double logging_steps = 500;                                   ///< Updates between logs. > 0.
  bool logging_first_step = false;                              ///< Also log the first update.
  bool logging_nan_inf_filter = true;  ///< Keep NaN and infinite losses out of the logged mean.

  IntervalStrategy eval_strategy = IntervalStrategy::no;  ///< When to evaluate.
  std::optional<double> eval_steps = std::nullopt;        ///< Unset: same as logging_steps. > 0.
  bool eval_on_start = false;                             ///< One evaluation before training.

  SaveStrategy save_strategy = SaveStrategy::steps;  ///< When to write a checkpoint.
  double save_steps = 500;                           ///< Updates between saves. > 0.
  std::optional<std::int64_t> save_total_limit =
      std::nullopt;              ///< Checkpoints to keep; unset: all.
  bool save_only_model = false;  ///< Weights and state only: smaller, but no exact resume.

  bool push_to_hub = false;  ///< Each save becomes a commit on the Hub.
  std::optional<std::string> hub_model_id = std::nullopt;  ///< Unset: the name of output_dir.
  HubStrategy hub_strategy = HubStrategy::every_save;      ///< What goes up, and when.
  std::optional<std::string> hub_token = std::nullopt;     ///< Secret: never printed or stored.
  std::optional<bool> hub_private_repo = std::nullopt;     ///< Unset: the owner's default.
  std::optional<std::string> hub_revision = std::nullopt;  ///< Branch; unset: main.
  bool hub_always_push = false;  ///< Push every save, even if a newer one is waiting already.

  bool ignore_data_skip = false;  ///< On resume, start the epoch at its first batch.
  std::uint64_t seed = 42;        ///< Of everything random.
  std::optional<std::uint64_t> data_seed = std::nullopt;  ///< Of the data order; unset: seed.

  bool dataloader_drop_last = false;  ///< Leave out a last batch that is not full.
  int dataloader_num_workers = 0;  ///< Threads that prepare batches; 0: the training thread. >= 0.
  std::optional<int> dataloader_prefetch_factor =
      std::nullopt;  ///< Batches ahead a worker; unset: 2.

  bool disable_tqdm = false;  ///< No progress bar.
};

/// Everything that is wrong, each naming field, value and what would be right. Empty: all is well.
std::vector<std::string> problems(const TrainingArguments& arguments);

/// All fields in the order above; enumerations as their words; hub_token as "<HUB_TOKEN>".
nlohmann::ordered_json to_json(const TrainingArguments& arguments);

/// Fields that are missing keep their default. @throws InvalidArgumentError for unknown fields,
/// wrong types and unknown words, all at once
TrainingArguments training_arguments_from_json(const nlohmann::ordered_json& json);

std::string to_string(IntervalStrategy strategy);
std::string to_string(SaveStrategy strategy);
std::string to_string(HubStrategy strategy);
std::string to_string(SchedulerType type);

}  // namespace torchhub
