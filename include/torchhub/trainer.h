#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/base/error.h"
#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/data/collator.h"
#include "torchhub/data/dataset.h"
#include "torchhub/data/iterable_dataset.h"
#include "torchhub/data/loader.h"
#include "torchhub/distributed/process_group.h"
#include "torchhub/fwd.h"
#include "torchhub/hub/commit.h"
#include "torchhub/hub/options.h"
#include "torchhub/training/arguments.h"
#include "torchhub/training/metrics.h"
#include "torchhub/training/schedule.h"
#include "torchhub/training/state.h"

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {

class HubClient;

/// Makes the loss of a micro-batch. @param num_items_in_batch labels that count in the whole
/// update, if they could be counted: divide the sum over tokens by it
using ComputeLoss = std::function<at::Tensor(const ModelOutput& outputs, const at::Tensor& labels,
                                             std::optional<std::int64_t> num_items_in_batch)>;

/// Metrics of a batch. @param compute_result true for the last batch: only then the result counts
using ComputeBatchMetrics =
    std::function<Metrics(const EvalPrediction& batch, bool compute_result)>;

/// Makes logits smaller before they are kept, on the model's device: an arg-max, say.
using PreprocessLogits =
    std::function<at::Tensor(const at::Tensor& logits, const at::Tensor& labels)>;

/// What eval_loss is a mean of.
enum class EvalLossMean {
  samples,  ///< Python's: each sample has the mean loss of its batch.
  labels,   ///< Each label that counts: for token losses, exact whatever the batches.
};

/// Who writes checkpoints.
enum class SaveMode {
  /// Another thread, while the next update is computed; the bits are the same. Callbacks that read
  /// the folder use on_saved(). Between a save and the next on_pre_optimizer_step nobody may change
  /// weights or the optimizer's state in place, a callback, a forward pass (an embedding with
  /// max_norm) or a hook: who does needs `sync`. See also Trainer::defers_weights().
  async,
  sync  ///< The training thread, before on_save().
};

/// How an asynchronous save gets at tensors that the next step changes.
enum class SaveCopy {
  gate,  ///< The step copies what is not written by then: often nothing.
  clone  ///< All are copied at the save.
};

/// What a Trainer is made of. A model, or model_init, is required.
struct TrainerOptions {
  std::shared_ptr<PreTrainedModel> model = nullptr;
  /// Makes the model, after seeding: once now and again at each train(). Instead of `model`.
  std::function<std::shared_ptr<PreTrainedModel>()> model_init = {};
  TrainingArguments args = {};
  std::shared_ptr<const Dataset> train_dataset = nullptr;  ///< Needed by train().
  /// Training samples that come in order only; instead of train_dataset. Without a size it needs
  /// args.max_steps.
  std::shared_ptr<const IterableDataset> train_stream = nullptr;
  std::shared_ptr<const Dataset> eval_dataset = nullptr;  ///< Needed by evaluate().
  /// Several, each with prefix "eval_<name>"; instead of eval_dataset.
  std::vector<std::pair<std::string, std::shared_ptr<const Dataset>>> eval_datasets = {};
  /// Evaluation samples that come in order only; instead of eval_dataset.
  std::shared_ptr<const IterableDataset> eval_stream = nullptr;
  /// Several, after those of eval_datasets, with prefixes as these; instead of eval_stream.
  std::vector<std::pair<std::string, std::shared_ptr<const IterableDataset>>> eval_streams = {};
  ComputeMetrics compute_metrics = {};  ///< Over all predictions; its names get "eval_".
  /// Take predictions batch by batch, so that nobody has to keep them.
  std::vector<std::shared_ptr<StreamingMetric>> streaming_metrics = {};
  ComputeBatchMetrics compute_batch_metrics = {};  ///< With args.batch_eval_metrics.
  PreprocessLogits preprocess_logits_for_metrics = {};
  ComputeLoss compute_loss_func = {};  ///< Unset: the model's own loss.
  EvalLossMean eval_loss_mean = EvalLossMean::samples;
  /// The logged "loss" with 4 decimals, as transformers 4 has it; off: as transformers 5, all of
  /// it.
  bool round_logged_loss = false;
  /// NaN and infinities as null in trainer_state.json, log.jsonl and files of results, for readers
  /// that take no other JSON; off: Python's bare words.
  bool strict_json = false;
  Collator data_collator = {};  ///< Unset: default_data_collator.
  /// Called after the one that raises the flags, before the progress bar and the pusher.
  std::vector<std::shared_ptr<TrainerCallback>> callbacks = {};
  /// Instead of args.optim. Not with model_init. Schedules begin at the rates that it has in the
  /// first train().
  std::shared_ptr<torch::optim::Optimizer> optimizer = nullptr;
  /// Instead of args.lr_scheduler_type; a second train() goes on where it stands. Not with
  /// model_init.
  std::shared_ptr<LrScheduler> lr_scheduler = nullptr;
  /// Files that belong to the model and that its weights do not hold, such as tokenizer.json or
  /// preprocessor_config.json: they are copied beside the weights wherever these are saved.
  std::vector<std::filesystem::path> processing_files = {};
  /// Where to push to and resume from; unset: HubOptions::from_environment().
  std::optional<HubOptions> hub = std::nullopt;
  /// With push_to_hub: makes or finds the repository, as the Trainer is made. Unset: hub_model_id
  /// is created where it is missing.
  std::function<Repo(const HubClient&)> init_hf_repo = {};
  /// Where others commit to the branch during the run (push/job.h).
  MovedBranch moved_branch = MovedBranch::merge;
  /// Python makes two commits of a save that brings its checkpoint.
  SaveCommits save_commits = SaveCommits::one;
  /// What of each save goes up: patterns for the repository's root and for checkpoints, and a size
  /// above which a save is refused, which then counts as a push that failed. See plan_push().
  SaveSelection push_selection = {};
  /// How long the end of train() waits for pushes. What is left then is in output_dir, the report
  /// says so, and the next start or `torchhub push resume` pushes it. Unset: as long as it takes.
  std::optional<std::chrono::milliseconds> push_time_limit = std::nullopt;
  /// The same after the signal of enable_jit_checkpoint: the machine is about to go.
  std::chrono::milliseconds push_time_limit_after_signal = std::chrono::seconds(20);
  /// train() throws NotPushedError where its newest state did not get to the Hub. Off: the report
  /// says so, as it does anyway.
  bool require_pushed = false;
  /// What the model card says beyond the run itself: license, datasets, tags, base model, ...
  TrainingCard card = {.model_name = {}};
  /// What becomes of a README.md that is there, in output_dir or on the Hub: `merge` refreshes what
  /// a machine wrote in it, `overwrite` is Python's way, with `keep` it stays.
  CardMode card_mode = CardMode::merge;
  /// The card of a save says under its title how far the run is; the end of the run takes that
  /// back, with a commit for the card alone if it pushes nothing else.
  bool card_progress = true;
  /// The card shows training.svg (callbacks/training_plot.h), which with push_to_hub is drawn at
  /// each save and pushed with it, whether report_to names it or not. A card.plot of yours wins.
  bool card_plot = true;
  /// The card of what is pushed tells how to load the model, at a revision that is pinned: the tag
  /// made with the push, else the newest commit that is known to hold these weights or, before
  /// there is one, older ones; before there is any, the branch. What card.how_to_use of yours
  /// leaves empty is filled in. Off: only where you give card.how_to_use.
  bool card_how_to_use = true;
  /// Several processes that train together (docs/distributed.md). Unset: the Trainer meets those
  /// that the launcher's environment names. Two Trainers of one program share one group.
  std::shared_ptr<ProcessGroup> process_group = nullptr;
  /// Threads that compute; unset: OMP_NUM_THREADS, else one a physical core (training/threads.h),
  /// divided among the processes of the host.
  std::optional<int> num_threads = std::nullopt;
  /// The program keeps what it frees, so that each update need not ask the system for the same
  /// memory again (training/allocator.h says when not).
  bool keep_freed_memory = true;
  /// Dropout on the CPU draws its masks faster, the same ones (training/dropout.h).
  bool vectorize_dropout = true;
  SaveMode save_mode = SaveMode::async;
  SaveCopy save_copy = SaveCopy::gate;  ///< With SaveMode::async.
  std::shared_ptr<const Clock> clock = system_clock();
};

struct TrainOptions {
  /// A checkpoint folder; "last" for the newest complete one in output_dir; or a place on the Hub,
  /// `owner/name[@revision][/checkpoint-<n> | /last-checkpoint]`. Unset: what the arguments say,
  /// else start afresh.
  std::optional<std::string> resume_from_checkpoint = std::nullopt;
  /// Python's Trainer takes no other learning_rate when it resumes; of_this_run does.
  ResumedRates resumed_rates = ResumedRates::of_checkpoint;
};

/// What train() gives back.
struct TrainOutput {
  std::int64_t global_step = 0;   ///< Updates done, those before a resume included.
  double training_loss = 0;       ///< Mean over all of them.
  Metrics metrics = {};           ///< train_runtime, train_samples_per_second, ...
  double save_stall_seconds = 0;  ///< The training thread waited so long for checkpoints,
  double push_stall_seconds = 0;  ///< and so long to hand them over for pushing and at the end.
  /// After the last update it waited so long for the checkpoint that was being written.
  double last_save_seconds = 0;
  /// What another thread spent on writing checkpoints meanwhile; 0 with SaveMode::sync.
  double save_write_seconds = 0;
  double save_hash_seconds = 0;             ///< Of these, on the digests that a push needs.
  std::size_t save_bytes_copied = 0;        ///< Because a step came before they were written.
  std::size_t save_bytes_copied_ahead = 0;  ///< By another thread, just before the step.
  std::int64_t saves = 0;                   ///< Checkpoints written.
  /// Saves that could not be finished beside training, since somebody but the optimizer's step had
  /// changed weights. For the first of them another was made at the next update, at once.
  std::int64_t saves_dropped = 0;
  /// Of this run and of what an earlier one left: one a save, as they ended.
  std::vector<PushOutcome> pushes = {};

  /// Did the newest state that was to be pushed arrive?
  bool pushed_all() const;
  /// Several lines for people.
  std::string full_report() const;
};

/// With TrainerOptions::require_pushed: train() has done all that it does, but its newest state is
/// not on the Hub. The message is the report.
class NotPushedError : public Error {
 public:
  explicit NotPushedError(TrainOutput output);
  const TrainOutput& output() const { return output_; }

 private:
  TrainOutput output_;
};

/// What predict() gives back, on the CPU.
struct PredictionOutput {
  at::Tensor predictions = {};  ///< Logits, [samples, ...].
  at::Tensor label_ids = {};    ///< Undefined if the data has no labels.
  Metrics metrics = {};         ///< "test_loss", ...
};

/// What evaluation_loop() is to do with its data.
struct EvaluationLoopOptions {
  std::string metric_key_prefix = "eval";
  bool keep_predictions = false;  ///< For the caller, whether or not a metric wants them.
};

/// Of the update that a micro-batch belongs to.
struct UpdateExtent {
  std::int64_t batches = 1;  ///< Micro-batches, on this process.
  bool is_last = true;       ///< This is the last of them: its backward() exchanges gradients.
  /// Labels that count, over all of its micro-batches and processes; unset: nobody can use them.
  std::optional<std::int64_t> num_items_in_batch = std::nullopt;
};

/// Trains a model as transformers' Trainer does: arguments, model, data and callbacks put together,
/// and the loop over them. What one would override in Python is virtual here, under the same name.
/// Not safe from several threads; callbacks run on the calling one.
class Trainer {
 public:
  /// Makes output_dir and, with push_to_hub, the repository, so that a wrong token fails now and
  /// not after hours. @throws InvalidArgumentError with every problem found; FileError if
  /// output_dir is a file; what HubClient::create_repo throws
  explicit Trainer(TrainerOptions options);
  virtual ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Runs to the end, or from a checkpoint to the end: then the weights are, bit for bit, those of
  /// a run that never stopped. Returns when the newest state is on the Hub or cannot get there.
  /// @throws CheckpointError if the checkpoint cannot be used; DiskFullError, FileError while
  /// saving (the checkpoint before stays); DistributedError if another process is lost;
  /// NotPushedError; what data, model, metrics and callbacks throw
  TrainOutput train(const TrainOptions& options = {});

  /// One pass over `dataset` (unset: eval_dataset, or each of eval_datasets) in eval mode without
  /// gradients. Several processes share the work, and all get the result. @return "<prefix>_loss"
  /// (if there are labels), the metrics, the speed, "epoch"
  virtual Metrics evaluate(std::shared_ptr<const Dataset> dataset = nullptr,
                           const std::string& prefix = "eval");
  /// The same over a stream. A class that overrides the other says `using Trainer::evaluate`.
  Metrics evaluate(std::shared_ptr<const IterableDataset> stream,
                   const std::string& prefix = "eval");

  /// The same pass, which keeps and returns what the model said. Logs nothing.
  virtual PredictionOutput predict(std::shared_ptr<const Dataset> dataset,
                                   const std::string& prefix = "test");
  PredictionOutput predict(std::shared_ptr<const IterableDataset> stream,
                           const std::string& prefix = "test");

  /// Weights, config, processing_files and training_args.json to `folder` (unset: output_dir). Like
  /// all that writes, it does nothing in a process that is not the main one. Each checkpoint is
  /// begun with it. Called by you, with args.push_to_hub it pushes as well: push_to_hub() with the
  /// message "Model save". @throws ConfigError if `folder` is a file; FileError, DiskFullError;
  /// what push_to_hub() throws
  virtual void save_model(const std::optional<std::filesystem::path>& folder = std::nullopt);
  /// trainer_state.json to output_dir. @throws FileError, DiskFullError
  void save_state() const;
  /// Names and values as log_metrics() prints them: memory in MB, runtimes as a clock, FLOPs in GF.
  static std::vector<std::pair<std::string, std::string>> metrics_format(const Metrics& metrics);
  /// Prints a table of a split's metrics to standard output. @param split "train", "eval", ...
  void log_metrics(const std::string& split, const Metrics& metrics) const;
  /// `<split>_results.json` in output_dir and, with `combined`, their sum in all_results.json.
  void save_metrics(const std::string& split, const Metrics& metrics, bool combined = true) const;

  /// The text of the model card as it would be pushed now.
  virtual std::string model_card() const;
  /// Saves the model and its card to output_dir and pushes them; waits for pushes under way first.
  /// @throws what HubClient::create_commit throws; InvalidArgumentError for a tag that stands
  /// elsewhere
  virtual CommitInfo push_to_hub(const PushToHubOptions& options = {});
  /// What a save of now would bring to the Hub, by path and size: output_dir as it is, with its
  /// newest checkpoint, and the card. Asks no Hub, writes nothing. @throws PushTooLargeError;
  /// InvalidArgumentError if nothing is selected; FileError
  PushPlan plan_push() const;
  /// Waits for what push_to_hub() has handed over without `blocking`, at most for push_time_limit.
  /// What does not arrive by then, or before this Trainer goes, the next start pushes.
  /// @return the outcomes of all pushes so far
  std::vector<PushOutcome> wait_for_pushes();

  void add_callback(std::shared_ptr<TrainerCallback> callback);
  /// Takes the first of that name out. @return null if there is none
  std::shared_ptr<TrainerCallback> pop_callback(const std::string& name);
  /// The same, without it.
  void remove_callback(const std::string& name) { static_cast<void>(pop_callback(name)); }

  /// Samples an epoch of a loader, those of all processes; nothing for a stream that does not know.
  static std::optional<std::int64_t> num_examples(const DataLoader& loader);
  /// Is this the main process, of all hosts; of this host?
  bool is_world_process_zero() const;
  bool is_local_process_zero() const;

  const TrainingArguments& args() const;
  const TrainerState& state() const;
  PreTrainedModel& model() const;

 protected:
  /// May the weights of a checkpoint be written when save_model() has returned, beside the next
  /// update (SaveMode::async)? Not so where a save_model() of your own reads what it has written,
  /// or changes weights around the call of this class's. So yes of a Trainer itself, and of a class
  /// derived from it, unless that says yes, no: then the training thread writes them.
  virtual bool defers_weights() const;
  /// How long a run is, its batches say: their number and size.
  virtual DataLoader get_train_dataloader();
  virtual DataLoader get_eval_dataloader(std::shared_ptr<const Dataset> dataset);
  virtual DataLoader get_test_dataloader(std::shared_ptr<const Dataset> dataset);
  /// The same for streams. A class that overrides one says `using` for the other.
  virtual DataLoader get_eval_dataloader(std::shared_ptr<const IterableDataset> stream);
  virtual DataLoader get_test_dataloader(std::shared_ptr<const IterableDataset> stream);
  /// In which order get_train_dataloader() and get_eval_dataloader() read samples.
  virtual std::shared_ptr<const Sampler> get_train_sampler(const Dataset& dataset);
  virtual std::shared_ptr<const Sampler> get_eval_sampler(const Dataset& dataset);
  /// Called only if TrainerOptions::optimizer is unset: by the first train(), by one that resumes
  /// and, with model_init, by each. As in Python, another train() goes on with the moments. The
  /// constructor compares a schedule's min_lr and lr_end with args.learning_rate: set it as well.
  virtual std::shared_ptr<torch::optim::Optimizer> create_optimizer();
  /// Full names of the parameters that weight decay is for; create_optimizer() asks.
  virtual std::set<std::string> get_decay_parameter_names() const;
  /// Called only if TrainerOptions::lr_scheduler is unset. @param num_training_steps updates
  virtual std::shared_ptr<LrScheduler> create_scheduler(std::int64_t num_training_steps,
                                                        const torch::optim::Optimizer& optimizer);

  /// loss.backward(), scaled for float16; for the last micro-batch of an update all processes then
  /// have the mean of their gradients. What a training_step() of your own calls.
  /// @throws DistributedError if a process is lost
  void backward(const at::Tensor& loss, const UpdateExtent& update);
  /// Forward pass, loss and backward pass of one micro-batch, on the model's device.
  /// @return the loss as it adds to the update's, detached
  virtual at::Tensor training_step(const Batch& inputs, const UpdateExtent& update);
  /// Forward pass; the output's loss is what training minimises, and what evaluations report.
  /// @throws InvalidArgumentError if there is none
  virtual ModelOutput compute_loss(const Batch& inputs, const UpdateExtent& update);
  /// What evaluate() and predict() share: eval mode, no gradients, all of the loader's first epoch.
  virtual PredictionOutput evaluation_loop(const DataLoader& loader,
                                           const EvaluationLoopOptions& options);
  /// Forward pass of an evaluation; loss, that of compute_loss(), only where the batch has labels.
  virtual ModelOutput prediction_step(const Batch& inputs);
  /// Appends to the history, then tells the callbacks. @param logs without "step"; "epoch" and,
  /// where they are counted, "num_input_tokens_seen" are added if they are missing
  virtual void log(LogRow logs);
  virtual double floating_point_ops(const Batch& inputs) const;

 private:
  friend class TrainingRun;     // the loop behind train()
  friend class EvaluationPass;  // the one behind evaluation_loop()
  struct Impl;
  using MakeLoader = std::function<DataLoader()>;  // so that memory is measured from before it
  Metrics evaluate_over(const MakeLoader& make_loader, const std::string& prefix);
  TrainOutput train_with(const TrainingArguments& args,
                         const std::optional<std::filesystem::path>& checkpoint);
  PredictionOutput predict_over(const MakeLoader& make_loader, const std::string& prefix);
  TrainOutput train_in_what_fits(const std::optional<std::filesystem::path>& checkpoint);
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub
