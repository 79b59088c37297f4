#pragma once

#include "torchhub/training/checkpoint.h"
#include "trainer/trainer_impl.h"

#include <chrono>
#include <memory>

namespace torchhub {

/// One call of train(): from the first update, or from a checkpoint, to the last.
class TrainingRun {
 public:
  explicit TrainingRun(Trainer::Impl& trainer);
  TrainOutput go(const TrainOptions& options);

 private:
  void run_epoch(std::int64_t epoch);
  void run_update(std::int64_t epoch, std::vector<Batch> batches, std::int64_t batches_done);
  double forward_backward(Batch batch, std::size_t batches_in_update);
  void add_loss(double loss);
  void log_evaluate_save();
  void log_loss();
  void save_checkpoint();
  void write_checkpoint(const std::filesystem::path& folder);
  void rotate_checkpoints();

  void resume(const std::filesystem::path& checkpoint);
  void load_optimizer_and_rate(const std::filesystem::path& checkpoint);
  void read_running_sums(const std::filesystem::path& checkpoint);
  void restore_random_states();
  double mean_loss() const;
  std::optional<int> cuda_device() const;
  TrainOutput finish(std::chrono::steady_clock::time_point start);
  Metrics training_summary(double seconds) const;
  double learning_rate() const;

  Trainer::Impl& trainer_;
  const TrainingArguments& args_;
  const TrainingPlan& plan_;
  TrainerState& state_;
  TrainerControl& control_;
  PreTrainedModel& model_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  TrainOutput output_;

  double base_rate_ = 0;                 ///< Peak learning rate.
  double used_rate_ = 0;                 ///< Of the last update.
  double grad_norm_ = 0;                 ///< Of the last update, before clipping.
  double loss_since_log_ = 0;            ///< Sum of the updates' losses since the last log.
  double total_loss_ = 0;                ///< Sum over all updates, those before a resume included.
  std::int64_t first_counted_step_ = 0;  ///< total_loss_ holds the updates after this one.
  std::int64_t last_logged_step_ = 0;
  std::ptrdiff_t earlier_pushes_ = 0;              ///< Outcomes of an earlier train(),
  double earlier_push_stall_ = 0;                  ///< and the seconds that they took.
  std::int64_t updates_to_skip_ = 0;               ///< Of the first epoch: done before the resume.
  std::optional<std::filesystem::path> rng_file_;  ///< Set until its random states are restored.
  PythonRngStates python_rng_;                     ///< What the next checkpoint carries on.
};

}  // namespace torchhub
