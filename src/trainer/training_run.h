#pragma once

#include "torchhub/training/checkpoint.h"
#include "torchhub/training/schedule.h"
#include "trainer/checkpoint_writer.h"
#include "trainer/running_loss.h"
#include "trainer/token_counter.h"
#include "trainer/trainer_impl.h"

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace torchhub {

/// One call of train(): from the first update, or from a checkpoint, to the last.
class TrainingRun {
 public:
  TrainingRun(Trainer& trainer, DataLoader loader);
  ~TrainingRun();
  /// @param checkpoint to go on from; unset: from the start
  TrainOutput go(const std::optional<std::filesystem::path>& checkpoint);

 private:
  /// Where in the data the run is; a checkpoint keeps it (torchhub_state.json).
  struct Place {
    std::int64_t epoch = 0;
    std::int64_t samples_seen = 0;  ///< Of the epoch's order, by all processes.
    bool is_over = false;           ///< All that is left of the epoch is its end.

    bool is_start() const { return samples_seen == 0 && !is_over; }
  };

  // The loop: training_run.cpp
  void prepare(const std::optional<std::filesystem::path>& checkpoint);
  void run_epochs();
  void run_epoch(const Place& begin);
  void train_on(const Place& begin);
  TrainOutput finish();
  void limit_pushes_after_signal();
  void report_pushes();

  // One update: updating.cpp
  std::vector<Batch> batches_of_update(EpochBatches& batches) const;
  void run_update(std::vector<Batch> batches);
  UpdateExtent extent_of(const std::vector<Batch>& batches) const;
  void optimizer_step();
  void count(const Batch& inputs);

  // What several processes tell each other: exchanging.cpp
  void connect_gradients();
  std::optional<std::int64_t> total_items(std::int64_t items, bool known) const;
  void agree();
  void share_losses();
  std::vector<std::string> random_states();
  void share_best_checkpoint();
  void require_same_step(const std::filesystem::path& checkpoint) const;

  // What happens between updates: reporting.cpp
  void log_evaluate_save();
  void log_loss();
  void evaluate();
  Metrics training_summary(double seconds);

  // Which model is best: best_model.cpp
  bool note_best(const Metrics& metrics);
  void load_best_model();
  void keep_only_best_checkpoint();

  // Where in the data it goes on: place_in_data.cpp
  void restore_place(const std::filesystem::path& checkpoint, std::int64_t step);
  void plan_updates_left();
  std::int64_t updates_left_in_epoch() const;
  std::shared_ptr<torch::optim::Optimizer> optimizer_at_its_first_rates();
  /// The user's, or one for all updates of the plan.
  std::shared_ptr<LrScheduler> schedule_of_plan();

  // Checkpoints: saving.cpp, resuming.cpp
  void save_checkpoint();
  /// @param random_states of all processes, where there are several
  void write_checkpoint(const std::filesystem::path& folder,
                        const std::vector<std::string>& random_states);
  void fill_checkpoint(const std::filesystem::path& building, const std::filesystem::path& folder,
                       const std::vector<std::string>& random_states, DeferredFiles* later);
  std::unordered_set<const void*> steady_memory() const;
  void wait_for_save();
  std::optional<SavedCheckpoint> taken(const std::function<std::optional<SavedCheckpoint>()>& take);
  void tell_of_dropped_push(const Error& why);
  void announce_save();
  void finish_save_under_way();
  void let_save_go_on();
  void add_stall(std::chrono::steady_clock::time_point start);
  void keep_save_under_way();
  void wait_for_last_save();
  void write_random_states(const std::filesystem::path& folder,
                           const std::vector<std::string>& random_states) const;
  std::string own_state_text();
  void rotate_checkpoints(std::int64_t newest);
  static void delete_checkpoint(const std::filesystem::path& folder);
  void resume(const std::filesystem::path& checkpoint);
  void load_optimizer_and_schedule(const std::filesystem::path& checkpoint);
  void restore_random_states();

  Trainer& trainer_;
  Trainer::Impl& impl_;
  const TrainingArguments& args_;
  const TrainingPlan& plan_;
  TrainerState& state_;
  TrainerControl& control_;
  PreTrainedModel& model_;
  std::shared_ptr<torch::optim::Optimizer> optimizer_;
  std::shared_ptr<LrScheduler> scheduler_;
  DataLoader loader_;
  MemoryStage memory_;  ///< Of "train".
  TrainOutput output_;
  RunningLoss loss_;
  TokenCounter tokens_;

  Place place_;  ///< Of the next update.
  /// How many more updates of this run's size the place stands for than were made: 0 unless the run
  /// went on with another total batch.
  std::int64_t updates_ahead_ = 0;
  bool no_batch_left_ = false;     ///< All batches of the epoch under way are trained on.
  bool epoch_ended_ = false;       ///< No more of them will be by now.
  std::int64_t batches_done_ = 0;  ///< Of the epoch under way, on this process.
  double used_rate_ = 0;           ///< Of the last update.
  double grad_norm_ = 0;           ///< Of the last update, before clipping.
  std::int64_t first_token_ = 0;   ///< Tokens seen before this train().
  std::int64_t own_tokens_ = 0;    ///< Of this process, since agree() added those of all,
  double own_flos_ = 0;            ///< and its floating point operations.
  std::chrono::steady_clock::time_point start_ = {};
  std::set<std::string> earlier_pushes_;           ///< Ids of those an earlier train() ended,
  double earlier_push_stall_ = 0;                  ///< and the seconds that they took.
  std::optional<std::filesystem::path> rng_file_;  ///< Set until its random states are restored.
  PythonRngStates python_rng_;                     ///< What the next checkpoint carries on.
  std::optional<SavedCheckpoint> saved_;           ///< Complete, and not told of yet.
  bool saves_at_once_ = false;                     ///< A save in the background was spoiled,
  bool owes_save_ = false;                         ///< and there is none in its place yet.
  double save_stall_ = 0;                          ///< Of the save under way.
  /// Since when no parameter has changed, and how long that lasted the last time: a save has so
  /// long until the next update.
  std::optional<std::chrono::steady_clock::time_point> calm_since_;
  std::chrono::steady_clock::duration calm_{0};
  std::shared_ptr<ReusedMemory> copies_ = std::make_shared<ReusedMemory>();  ///< Of saves.
  CheckpointWriter writer_;  ///< Of the save under way.
};

}  // namespace torchhub
