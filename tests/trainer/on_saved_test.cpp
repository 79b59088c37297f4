// SaveMode::async: on_saved comes as soon as the training thread can know of it, and on that one.
#include "support/held_files.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using Names = std::vector<std::string>;

/// Has the save of step 2 come to its end within one event, and writes down all that follow.
class EndsTheSaveIn final : public TrainerCallback {
 public:
  explicit EndsTheSaveIn(std::string event) : event_(std::move(event)) {}
  std::string name() const override { return "EndsTheSaveIn"; }

  void on_epoch_begin(const TrainerEvent&) override { happens("epoch_begin"); }
  void on_epoch_end(const TrainerEvent&) override { happens("epoch_end"); }
  void on_step_begin(const TrainerEvent&) override { happens("step_begin"); }
  void on_substep_end(const TrainerEvent&) override { happens("substep_end"); }
  void on_pre_optimizer_step(const TrainerEvent&) override { happens("pre_optimizer_step"); }
  void on_optimizer_step(const TrainerEvent&) override { happens("optimizer_step"); }
  void on_step_end(const TrainerEvent& event) override {
    happens("step_end");
    if (event.state.global_step != 2) return;
    files_.hold("/.tmp-checkpoint-2-");
    holds_ = true;
  }
  void on_log(const TrainerEvent&, const LogRow&) override { happens("log"); }
  void on_prediction_step(const TrainerEvent&) override { happens("prediction_step"); }
  void on_evaluate(const TrainerEvent&, const Metrics&) override { happens("evaluate"); }
  void on_save(const TrainerEvent&, const fs::path& checkpoint) override {
    folder_ = checkpoint;
    happens("save");
  }
  void on_saved(const TrainerEvent&, const SavedCheckpoint& saved) override {
    happens("saved " + std::to_string(saved.step));
    EXPECT_TRUE(is_complete_checkpoint(saved.folder)) << saved.folder;
  }
  void on_train_end(const TrainerEvent&) override { happens("train_end"); }

  std::set<std::thread::id> threads;
  Names since;  ///< Begins with the event in which the save ended.

 private:
  void happens(const std::string& event) {
    threads.insert(std::this_thread::get_id());
    if (!since.empty()) since.push_back(event);
    if (!holds_ || event != event_ || folder_.empty()) return;
    files_.wait_until_held();
    EXPECT_FALSE(fs::exists(folder_));
    files_.let_go();
    files_.wait_for_its_end();
    EXPECT_TRUE(fs::exists(folder_));
    holds_ = false;
    since.push_back(event);
  }

  std::string event_;
  fs::path folder_;
  testing::HeldFiles files_;
  bool holds_ = false;
};

TEST(OnSaved, ComesBeforeTheFirstEventOnceTheFolderHasItsName) {
  // Of the next update, and what comes between that and the one after.
  for (const char* event :
       {"save", "step_begin", "substep_end", "pre_optimizer_step", "optimizer_step", "step_end",
        "log", "prediction_step", "evaluate", "epoch_end", "epoch_begin"}) {
    SCOPED_TRACE(event);
    const TempDir folder;
    const auto ends = std::make_shared<EndsTheSaveIn>(event);
    Trainer trainer({.model = testing::tiny_model(),
                     .args = {.output_dir = folder / "out",
                              .per_device_train_batch_size = 4,
                              .max_steps = 6,
                              .gradient_accumulation_steps = 2,
                              .logging_steps = 1,
                              .disable_tqdm = true,
                              .eval_strategy = IntervalStrategy::steps,
                              .eval_steps = 3,
                              .save_steps = 2},
                     .train_dataset = testing::tiny_dataset(24),  // three updates an epoch
                     .eval_dataset = testing::tiny_dataset(24),
                     .callbacks = {ends}});
    trainer.train();
    ASSERT_GT(ends->since.size(), 1U) << "the save did not end in it";
    EXPECT_EQ(ends->since[1], "saved 2");
    EXPECT_EQ(std::count(ends->since.begin(), ends->since.end(), "saved 2"), 1);
    EXPECT_EQ(ends->threads, std::set<std::thread::id>{std::this_thread::get_id()});
  }
}

}  // namespace
}  // namespace torchhub
