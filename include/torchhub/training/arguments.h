#pragma once

#include "torchhub/training/log_row.h"
#include "torchhub/training/strategies.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// How batches are dealt to several processes (accelerate's `AcceleratorConfig`).
struct AcceleratorConfig {
  bool split_batches = false;  ///< per_device_train_batch_size is cut among the processes.
  std::optional<bool> dispatch_batches = std::nullopt;  ///< Stored only: each process reads.
  bool even_batches = true;  ///< Every process gets as many batches: the first samples again.
  bool use_seedable_sampler = true;  ///< Stored only: the order always comes from the seed.
  bool non_blocking = false;         ///< Stored only: copies to a GPU never block.

  bool operator==(const AcceleratorConfig&) const = default;
};

/// What the user asks of a training run, gaps included. Names, order, defaults and meaning are
/// those of transformers 5.12 `TrainingArguments`; make_plan() turns them into what will be done.
/// "Stored only": read, written back, and nothing else.
///
/// A number of steps is a count of updates; below 1 it is a fraction of all updates.
struct TrainingArguments {
  // Where and how long
  std::filesystem::path output_dir = "trainer_output";  ///< Receives checkpoint-<step>/ folders.
  std::int64_t per_device_train_batch_size = 8;         ///< Samples a forward pass. > 0.
  double num_train_epochs = 3.0;  ///< May be fractional. > 0 unless max_steps is set.
  std::int64_t max_steps = -1;    ///< Above 0: updates to make, whatever the epochs.

  // Learning rate
  double learning_rate = 5e-5;                               ///< Peak value, after warm-up. >= 0.
  SchedulerType lr_scheduler_type = SchedulerType::linear;   ///< Shape after the warm-up.
  std::optional<LogRow> lr_scheduler_kwargs = std::nullopt;  ///< Its own settings, by name.
  double warmup_steps = 0;  ///< Updates of warm-up, or a fraction of all. >= 0.

  // Optimizer
  OptimizerName optim = OptimizerName::adamw_torch_fused;
  std::optional<std::string> optim_args = std::nullopt;  ///< More of its settings: `key=value,...`.
  double weight_decay = 0.0;                             ///< Of weights, never of biases and norms.
  double adam_beta1 = 0.9;                               ///< In [0, 1).
  double adam_beta2 = 0.999;                             ///< In [0, 1).
  double adam_epsilon = 1e-8;                            ///< >= 0.

  // Building batches
  std::int64_t gradient_accumulation_steps = 1;  ///< Forward passes an update. > 0.
  bool average_tokens_across_devices = true;  ///< Count the tokens of an update over all processes.
  double max_grad_norm = 1.0;  ///< Global 2-norm that gradients are clipped to; 0: no clipping.
  double label_smoothing_factor = 0.0;  ///< In [0, 1).

  // Precision
  bool bf16 = false;            ///< Forward and loss in bfloat16 where that is safe.
  bool fp16 = false;            ///< The same in float16, the loss scaled. Not with bf16.
  bool bf16_full_eval = false;  ///< Weights in bfloat16 while evaluating outside training.
  bool fp16_full_eval = false;
  std::optional<bool> tf32 =
      std::nullopt;  ///< TF32 for matrix products; unset: as LibTorch has it.

  // Memory and speed
  bool gradient_checkpointing = false;  ///< Asks the model to recompute activations.
  std::optional<LogRow> gradient_checkpointing_kwargs = std::nullopt;  ///< Stored only.
  bool use_cache = false;                                              ///< Stored only.
  std::optional<double> neftune_noise_alpha = std::nullopt;  ///< Noise on embeddings. > 0.
  std::optional<std::int64_t> torch_empty_cache_steps =
      std::nullopt;                   ///< Updates between releases of cached GPU memory. > 0.
  bool auto_find_batch_size = false;  ///< When memory runs out, start again with a smaller batch.

  // Logging
  IntervalStrategy logging_strategy = IntervalStrategy::steps;  ///< When to log the loss.
  double logging_steps = 500;                                   ///< Updates between logs. > 0.
  bool logging_first_step = false;                              ///< Also log the first update.
  bool log_on_each_node = true;  ///< log_level is for the first process of each host; else of all.
  bool logging_nan_inf_filter = true;  ///< Keep NaN and infinite losses out of the logged mean.
  InputTokensSeen include_num_input_tokens_seen = InputTokensSeen::no;
  std::string log_level = "passive";          ///< debug, info, warning, error, critical, passive.
  std::string log_level_replica = "warning";  ///< Of processes that do not log.
  std::optional<bool> disable_tqdm = std::nullopt;     ///< True: printed logs, no bar.
  std::vector<std::string> report_to = {};             ///< tensorboard, csv, jsonl, svg, or all.
  std::optional<std::string> run_name = std::nullopt;  ///< For loggers.
  std::string project = "huggingface";                 ///< Stored only, as the next three.
  std::optional<std::string> trackio_space_id = std::nullopt;
  std::optional<std::string> trackio_bucket_id = std::nullopt;
  std::optional<std::string> trackio_static_space_id = std::nullopt;

  // Evaluation
  IntervalStrategy eval_strategy = IntervalStrategy::no;  ///< When to evaluate.
  std::optional<double> eval_steps = std::nullopt;        ///< Unset: same as logging_steps. > 0.
  double eval_delay = 0;                        ///< None before so many updates, or epochs.
  std::int64_t per_device_eval_batch_size = 8;  ///< Samples a forward pass in evaluation. > 0.
  bool prediction_loss_only = false;            ///< Drop logits and labels.
  bool eval_on_start = false;                   ///< One evaluation before training.
  bool eval_do_concat_batches = true;           ///< False: metrics get EvalPrediction::batches.
  bool eval_use_gather_object = false;          ///< Stored only.
  std::optional<std::int64_t> eval_accumulation_steps =
      std::nullopt;  ///< Batches between moves of predictions to host memory; unset: at the end.
  std::vector<std::string> include_for_metrics = {};  ///< "inputs", "loss".
  bool batch_eval_metrics = false;                    ///< Metrics batch by batch.

  // Saving
  bool save_only_model = false;  ///< Weights and state only: smaller, but no exact resume.
  SaveStrategy save_strategy = SaveStrategy::steps;  ///< When to write a checkpoint.
  double save_steps = 500;                           ///< Updates between saves. > 0.
  bool save_on_each_node = false;                    ///< One process a machine writes.
  std::optional<std::int64_t> save_total_limit =
      std::nullopt;                    ///< Checkpoints to keep; unset or below 1: all.
  bool enable_jit_checkpoint = false;  ///< SIGTERM: save, then stop.

  // Hub
  bool push_to_hub = false;                                ///< Each save becomes a commit.
  std::optional<std::string> hub_token = std::nullopt;     ///< Secret: never printed or stored.
  std::optional<bool> hub_private_repo = std::nullopt;     ///< Unset: the owner's default.
  std::optional<std::string> hub_model_id = std::nullopt;  ///< Unset: the name of output_dir.
  HubStrategy hub_strategy = HubStrategy::every_save;      ///< What goes up, and when.
  bool hub_always_push = false;  ///< Push every save, even if a newer one is waiting already.
  std::optional<std::string> hub_revision = std::nullopt;  ///< Branch; unset: main.

  // Best model
  bool load_best_model_at_end = false;
  std::optional<std::string> metric_for_best_model = std::nullopt;  ///< With or without `eval_`.
  std::optional<bool> greater_is_better = std::nullopt;  ///< Unset: unless the name ends in loss.

  // Resuming and reproducing
  bool ignore_data_skip = false;  ///< On resume, start the epoch at its first batch.
  bool restore_callback_states_from_checkpoint = true;  ///< Python's default is false.
  bool full_determinism = false;                        ///< Deterministic algorithms, or an error.
  std::uint64_t seed = 42;                              ///< Of everything random.
  std::optional<std::uint64_t> data_seed = std::nullopt;  ///< Of the data order; unset: seed.

  // Hardware, and several processes
  bool use_cpu = false;  ///< Even if there is a GPU.
  AcceleratorConfig accelerator_config = {};

  // Data loader
  bool dataloader_drop_last = false;  ///< Leave out a last batch that is not full.
  int dataloader_num_workers = 0;  ///< Threads that prepare batches; 0: the training thread. >= 0.
  bool dataloader_pin_memory = true;  ///< Batches for a GPU in page-locked memory.
  /// Stored only: workers are threads that share the dataset, so what it keeps stays either way.
  bool dataloader_persistent_workers = false;
  std::optional<int> dataloader_prefetch_factor =
      std::nullopt;  ///< Batches ahead a worker; unset: 2.
  bool remove_unused_columns =
      true;  ///< Drop columns that the model does not name, if it names any.
  /// Columns that are labels. Unset: what the model's forward_arguments() names so, else labels.
  /// Several of one shape become one tensor, with a last dimension for the names; of several shapes
  /// the first is taken.
  std::optional<std::vector<std::string>> label_names = std::nullopt;
  SamplingStrategy train_sampling_strategy = SamplingStrategy::random;
  std::string length_column_name = "length";  ///< Of lengths, for group_by_length.

  // Distributed data parallel
  std::optional<bool> ddp_find_unused_parameters = std::nullopt;  ///< Unset: true.
  std::optional<std::int64_t> ddp_bucket_cap_mb = std::nullopt;   ///< Unset: 25. > 0.
  std::optional<bool> ddp_broadcast_buffers = std::nullopt;       ///< Unset: true.
  std::optional<bool> ddp_static_graph = std::nullopt;            ///< Unset: false.
  std::optional<std::string> ddp_backend = std::nullopt;          ///< nccl, gloo; unset: by device.
  std::int64_t ddp_timeout = 1800;  ///< Seconds a collective may take. > 0.

  // Debugging, and what scripts read
  bool skip_memory_metrics = true;  ///< False: report memory of each stage.
  bool do_train = false;            ///< Stored only, as the next two: for the user's program.
  bool do_eval = false;
  bool do_predict = false;
  std::optional<std::string> resume_from_checkpoint =
      std::nullopt;                                       ///< Of train(), if unset there.
  std::optional<std::string> logging_dir = std::nullopt;  ///< Of TensorBoard; deprecated in Python.
  std::int64_t local_rank = -1;                           ///< Stored only.
};

/// Everything that is wrong, each naming field, value and what would be right. Empty: all is well.
std::vector<std::string> problems(const TrainingArguments& arguments);

/// All fields under Python's names and in its order, with null or false for those that only Python
/// has; enumerations as their words; hub_token as "<HUB_TOKEN>".
nlohmann::ordered_json to_json(const TrainingArguments& arguments);

/// What experiment trackers take: to_json() with the two batch sizes, and whatever is no number,
/// word or flag as text.
nlohmann::ordered_json to_sanitized_json(const TrainingArguments& arguments);

/// One field a line, sorted, the token masked.
std::string to_string(const TrainingArguments& arguments);

/// Fields that are missing keep the value of `defaults`; names of older versions are understood and
/// logged. @throws InvalidArgumentError for unknown fields, wrong types, unknown words, and what
/// only Python can do, all at once
TrainingArguments training_arguments_from_json(const nlohmann::ordered_json& json,
                                               const TrainingArguments& defaults = {});

/// The same from a file. @throws FileError, InvalidArgumentError
TrainingArguments training_arguments_from_json_file(const std::filesystem::path& file,
                                                    const TrainingArguments& defaults = {});

/// What a program was started with: the arguments, and what is not theirs in its order.
struct CommandLine {
  TrainingArguments args;
  std::vector<std::string> rest = {};
};

/// Every field as `--learning_rate 5e-5`, `--learning-rate=5e-5`, flags as `--push_to_hub`,
/// `--push_to_hub false` or `--no_push_to_hub`, lists as `--report_to csv tensorboard`, maps as
/// JSON; a first word that ends in .json is a file to start from.
/// @param words without the program's name. @throws InvalidArgumentError with all problems at once
CommandLine parse_command_line(std::span<const std::string> words,
                               const TrainingArguments& defaults = {});

/// One line for a user's main(): the command line's arguments. Ends the program as argparse does:
/// after `--help` with 0, after a mistake, all of which it names, with 2.
TrainingArguments parse_arguments(int argc, const char* const* argv,
                                  const TrainingArguments& defaults = {});

/// A line for each field: its option, default and meaning.
std::string command_line_help(std::string_view program, const TrainingArguments& defaults = {});

}  // namespace torchhub
