#pragma once

#include "torchhub/callbacks/loop_checkpoint.h"
#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/fwd.h"
#include "torchhub/training/strategies.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// Those of Python's Keras callback. Besides output_dir, a model or save_model is required.
struct LoopPusherOptions {
  /// Each save is written here. The other files in it go up too, but for `_*` and `checkpoint-*`.
  std::filesystem::path output_dir = {};
  /// What is trained: saved by save_pretrained(), and the card says what it is.
  std::shared_ptr<PreTrainedModel> model = nullptr;
  /// Instead of save_pretrained(): writes into an empty folder all that the model is loaded from.
  std::function<void(const std::filesystem::path& folder)> save_model = {};
  /// What is saved and pushed before the end, where all of them push.
  IntervalStrategy save_strategy = IntervalStrategy::epoch;
  std::optional<std::int64_t> save_steps = std::nullopt;  ///< Batches between saves; with `steps`.
  /// Files that belong to the model, such as tokenizer.json: copied beside it at each save.
  std::vector<std::filesystem::path> processing_files = {};
  /// Keeps in output_dir/checkpoint, and pushes, what the loop can go on from: the model, what
  /// save_checkpoint adds, and the history. Only with save_strategy `epoch`.
  bool checkpoint = false;
  /// Writes the optimizer, say, into the folder that has the model already. @param epoch from 1
  std::function<void(const std::filesystem::path& folder, std::int64_t epoch)> save_checkpoint = {};
  std::optional<std::string> hub_model_id = std::nullopt;  ///< Unset: the name of output_dir.
  std::optional<std::string> hub_token = std::nullopt;     ///< Unset: that of `hub`.
  std::optional<bool> hub_private_repo = std::nullopt;     ///< Unset: the owner's default.
  /// Branch, made if missing; unset: main.
  std::optional<std::string> hub_revision = std::nullopt;
  std::optional<HubOptions> hub = std::nullopt;  ///< Unset: HubOptions::from_environment().
  /// How long on_train_end() waits for what is on its way; what is left stays on disk for the next
  /// start, or for `torchhub push resume`. Unset: as long as it takes.
  std::optional<std::chrono::milliseconds> time_limit = std::nullopt;
  MovedBranch moved_branch = MovedBranch::merge;  ///< Where others have committed meanwhile.
  /// What of each save goes up, and how much at most; a checkpoint's folder by its paths below
  /// output_dir, such as "checkpoint/*".
  SaveSelection selection = {};
  /// What the card says beyond the history; `hyperparameters` too is for the loop to name.
  TrainingCard card = {.model_name = {}};
  CardMode card_mode = CardMode::merge;  ///< What becomes of a README.md that is there.
  bool card_progress = true;             ///< The card says so while training is in progress.
  /// Told of each outcome as it becomes known, on the thread that calls the pusher.
  std::function<void(const PushOutcome&)> on_push_end = {};
};

/// All that is wrong, each saying what would be right.
std::vector<std::string> problems(const LoopPusherOptions& options);

/// Saves and pushes for a hand-written loop, as Python's Keras `PushToHubCallback` does for fit():
///
///     LoopPusher hub({.output_dir = "my-net", .model = model});
///     hub.on_train_begin();
///     for (int epoch = 0; epoch < 3; ++epoch) {
///       for (const Batch& batch : batches) { ...; hub.on_batch_end(); }
///       hub.on_epoch_end({{"loss", loss}, {"val_loss", val_loss}});
///     }
///     hub.on_train_end();
///
/// Pushes run beside the loop by PushToHubCallback, with all that it promises: of saves that wait
/// the newest goes, what is not pushed outlives the process, people's words in the card stay, no
/// token goes up. Steps count from the start of training, epochs from 1. All calls from one thread;
/// of several processes that train together, in one of them.
///
/// What the save functions throw reaches the caller, output_dir as it was and nothing of the save
/// pushed. What goes wrong with pushing does not: outcomes() has it, and the loop goes on.
class LoopPusher {
 public:
  /// Makes the repository and goes on with what a process before this one left unpushed.
  /// @throws InvalidArgumentError that lists all problems; as PushToHubCallback::begin()
  explicit LoopPusher(LoopPusherOptions options);

  void on_train_begin() { on_train_begin({}); }
  /// Goes on counting, and with the history, where a training before this one was.
  void on_train_begin(const LoopCheckpoint& from);
  /// With `steps`, each save_steps of them: "Training in progress steps <global step>".
  void on_batch_end();
  /// With `epoch`: "Training in progress epoch <epoch>".
  /// @param logs a row of the card's table: "loss", "accuracy", "val_loss", "val_accuracy", ...
  void on_epoch_end(const Metrics& logs = {});
  /// "End of training", with the model as it is now and a card that speaks of no progress any more;
  /// where the Hub has just that, no commit. Waits.
  /// @return all outcomes
  const std::vector<PushOutcome>& on_train_end();

  /// Where it pushes to.
  const Repo& repo() const { return pusher_.repo(); }
  std::int64_t global_step() const { return done_.global_step; }  ///< Batches done.
  std::int64_t epoch() const { return done_.epoch(); }            ///< Epochs done.
  /// Of the pushes known so far, in the order in which they ended.
  const std::vector<PushOutcome>& outcomes() const { return pusher_.outcomes(); }
  /// Has the state that was handed over last arrived?
  bool pushed_all() const;

 private:
  void save_and_push(const std::string& commit_message, std::optional<CardProgress> progress,
                     const LoopCheckpoint* checkpoint = nullptr);
  std::optional<CardProgress> progress() const;

  LoopPusherOptions options_;
  LoopCheckpoint done_ = {};
  PushToHubCallback pusher_;
};

}  // namespace torchhub
