#pragma once

#include "torchhub/fwd.h"
#include "torchhub/training/arguments.h"
#include "torchhub/training/control.h"
#include "torchhub/training/plan.h"
#include "torchhub/training/state.h"

#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace torchhub {

/// What every event sees. Only `control` may be changed. Valid during the call.
struct TrainerEvent {
  const TrainingArguments& args;
  const TrainingPlan& plan;
  const TrainerState& state;
  TrainerControl& control;
  torch::nn::Module& model;
  const torch::optim::Optimizer* optimizer = nullptr;  ///< While training.
  const LrScheduler* lr_scheduler = nullptr;           ///< While training.
  const DataLoader* train_dataloader = nullptr;        ///< While training.
  const DataLoader* eval_dataloader = nullptr;         ///< In prediction_step alone.
  /// After which update the model's weights were these, where that was not the last one: the best
  /// ones have been loaded.
  std::optional<std::int64_t> weights_step = std::nullopt;
};

/// A checkpoint that is complete under its final name.
struct SavedCheckpoint {
  std::filesystem::path folder;
  std::int64_t step = 0;  ///< Updates done when it was begun; the run may be further by now.
  /// SHA-256 of its large files by name, as hex, where somebody asked for them.
  std::map<std::string, std::string> sha256 = {};
  double stall_seconds = 0;  ///< The training thread stood still for it.
  double write_seconds = 0;  ///< Another thread was at it; 0 with SaveMode::sync.
  double hash_seconds = 0;   ///< Of these, for `sha256`.
};

/// The moments of a run, as in Python's TrainerCallback, and one of ours; all on the training
/// thread, in the order in which callbacks were given, each seeing the flags that the one before
/// left. What it throws ends the run and reaches the caller of train().
class TrainerCallback {
 public:
  virtual ~TrainerCallback() = default;

  /// The class's name: under it its state is kept in checkpoints.
  virtual std::string name() const = 0;

  virtual void on_init_end(const TrainerEvent& event);     ///< The Trainer is built.
  virtual void on_train_begin(const TrainerEvent& event);  ///< Before the first update.
  virtual void on_train_end(const TrainerEvent& event);
  virtual void on_epoch_begin(const TrainerEvent& event);
  virtual void on_epoch_end(const TrainerEvent& event);
  virtual void on_step_begin(const TrainerEvent& event);   ///< Before an update's first batch.
  virtual void on_substep_end(const TrainerEvent& event);  ///< After each batch but the last.
  virtual void on_pre_optimizer_step(const TrainerEvent& event);  ///< Gradients are clipped.
  virtual void on_optimizer_step(const TrainerEvent& event);      ///< Gradients are still there.
  virtual void on_step_end(const TrainerEvent& event);            ///< global_step was raised.
  virtual void on_prediction_step(const TrainerEvent& event);     ///< After an evaluation batch.
  virtual void on_evaluate(const TrainerEvent& event, const Metrics& metrics);
  virtual void on_predict(const TrainerEvent& event, const Metrics& metrics);
  /// @param logs without "step"
  virtual void on_log(const TrainerEvent& event, const LogRow& logs);
  /// What the checkpoint will hold is fixed. @param checkpoint the folder that it will have: with
  /// SaveMode::async it may still be written, see on_saved()
  virtual void on_save(const TrainerEvent& event, const std::filesystem::path& checkpoint);
  /// The checkpoint is complete: before the first event after that, at the latest before the next
  /// save and train_end. Ours. In processes that write checkpoints.
  virtual void on_saved(const TrainerEvent& event, const SavedCheckpoint& checkpoint);
  /// A save, or the end of training, is about to be handed over for pushing.
  virtual void on_push_begin(const TrainerEvent& event);
  /// A push has ended, or failed and will be tried again, or ran out of time: its state says which.
  /// Ours. After the update in which it became known, and at the end of train(); main process only.
  virtual void on_push_end(const TrainerEvent& event, const PushOutcome& outcome);
  /// train() ends with this error, and not with on_train_end: give back what would outlive the run.
  /// Ours; Lightning's by name. What it throws is logged, and the first error goes on.
  virtual void on_exception(const TrainerEvent& event, const std::exception& error);

  /// What a checkpoint keeps of it; nothing if there is nothing to keep.
  virtual std::optional<CallbackState> state() const { return std::nullopt; }
  /// Called on resume with what state() gave when the checkpoint was written.
  virtual void restore(const CallbackState& state);
};

}  // namespace torchhub
