#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/card/training_card.h"
#include "torchhub/data/collator.h"
#include "torchhub/data/dataset.h"
#include "torchhub/fwd.h"
#include "torchhub/hub/commit.h"
#include "torchhub/hub/options.h"
#include "torchhub/push/job.h"
#include "torchhub/training/arguments.h"
#include "torchhub/training/metrics.h"
#include "torchhub/training/state.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// What a Trainer is made of. Only the model is required.
struct TrainerOptions {
  std::shared_ptr<PreTrainedModel> model;
  TrainingArguments args = {};
  std::shared_ptr<const Dataset> train_dataset = nullptr;  ///< Needed by train().
  std::shared_ptr<const Dataset> eval_dataset = nullptr;   ///< Needed by evaluate().
  ComputeMetrics compute_metrics = {};                     ///< Its names get the prefix "eval_".
  Collator data_collator = {};                             ///< Unset: default_data_collator.
  /// Called after the one that raises the flags, before the progress bar and the pusher.
  std::vector<std::shared_ptr<TrainerCallback>> callbacks = {};
  /// Where to push to and resume from; unset: HubOptions::from_environment().
  std::optional<HubOptions> hub = std::nullopt;
  /// What the model card says beyond the run itself: license, datasets, tags, base model, ...
  TrainingCard card = {.model_name = {}};
  std::shared_ptr<const Clock> clock = system_clock();
};

struct TrainOptions {
  /// A checkpoint folder; "last" for the newest complete one in output_dir; or a place on the Hub,
  /// `owner/name[@revision][/checkpoint-<n> | /last-checkpoint]`. Unset: start afresh.
  std::optional<std::string> resume_from_checkpoint = std::nullopt;
};

/// What train() gives back.
struct TrainOutput {
  std::int64_t global_step = 0;   ///< Updates done, those before a resume included.
  double training_loss = 0;       ///< Mean over all of them.
  Metrics metrics = {};           ///< train_runtime, train_samples_per_second, ...
  double save_stall_seconds = 0;  ///< The training thread waited so long for checkpoints,
  double push_stall_seconds = 0;  ///< and so long to hand them over for pushing and at the end.
  std::int64_t saves = 0;         ///< Checkpoints written.
  std::vector<PushOutcome> pushes = {};  ///< Of this run, one a save, as they ended.

  /// Did the newest state that was to be pushed arrive?
  bool pushed_all() const;
  /// Several lines for people.
  std::string full_report() const;
};

struct PushToHubOptions {
  std::string commit_message = "End of training";
};

/// Trains a model as transformers' Trainer does: arguments, model, data and callbacks put together,
/// and the loop over them. Not safe from several threads; callbacks run on the calling one.
class Trainer {
 public:
  /// Makes output_dir and, with push_to_hub, the repository, so that a wrong token fails now and
  /// not after hours. @throws InvalidArgumentError with every problem found; FileError if
  /// output_dir is a file; what HubClient::create_repo throws
  explicit Trainer(TrainerOptions options);
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  /// Runs to the end, or from a checkpoint to the end: then the weights are, bit for bit, those of
  /// a run that never stopped. Returns when the newest state is on the Hub or cannot get there.
  /// @throws CheckpointError if the checkpoint cannot be used; DiskFullError, FileError while
  /// saving (the checkpoint before stays); what data, model, metrics and callbacks throw
  TrainOutput train(const TrainOptions& options = {});

  /// One pass over `dataset` (unset: eval_dataset) in eval mode without gradients.
  /// @return "<prefix>_loss" (if there are labels), the metrics, the speed, "epoch"
  Metrics evaluate(std::shared_ptr<const Dataset> dataset = nullptr,
                   const std::string& prefix = "eval");

  /// Weights and config to `folder` (unset: output_dir).
  void save_model(const std::optional<std::filesystem::path>& folder = std::nullopt);

  /// The text of the model card as it would be pushed now.
  std::string model_card() const;

  /// Saves the model and its card to output_dir and pushes them; waits for pushes under way first.
  /// @throws what HubClient::create_commit throws
  CommitInfo push_to_hub(const PushToHubOptions& options = {});

  const TrainingArguments& args() const;
  const TrainerState& state() const;
  PreTrainedModel& model() const;

 private:
  friend class TrainingRun;  // the loop behind train()
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub
