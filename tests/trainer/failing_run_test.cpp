// Runs that fail half-way: the error reaches the caller, nothing is left behind, and the newest
// checkpoint takes a sound run to where one that never failed ends.
#include "support/logged_values.h"
#include "support/message_of.h"
#include "support/small_disk.h"
#include "support/stream_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <stdexcept>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::message_of;
using testing::same_state;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TrainerOptions six_updates(const fs::path& output_dir) {
  return {.model = tiny_model(),
          .args = {.output_dir = output_dir,
                   .per_device_train_batch_size = 4,
                   .max_steps = 6,
                   .learning_rate = 0.01,
                   .logging_steps = 1,
                   .disable_tqdm = true,
                   .save_steps = 2},
          .train_dataset = tiny_dataset(24)};
}

/// Goes on from the newest checkpoint with sound data. @return does it end where a run ends that
/// never failed?
bool recovers(const fs::path& output_dir) {
  static const std::shared_ptr<PreTrainedModel> straight = [] {
    const TempDir folder;
    const TrainerOptions o = six_updates(folder / "straight");
    Trainer(o).train();
    return o.model;
  }();
  const TrainerOptions again = six_updates(output_dir);
  Trainer(again).train({.resume_from_checkpoint = "last"});
  return same_state(*straight, *again.model);
}

/// Throws in the place of one sample.
class BrokenDataset final : public Dataset {
 public:
  explicit BrokenDataset(std::int64_t broken) : broken_(broken) {}
  std::int64_t size() const override { return data_->size(); }
  Batch get(std::int64_t index) const override {
    if (index == broken_) throw std::runtime_error("image cannot be decoded");
    return data_->get(index);
  }

 private:
  std::shared_ptr<TensorDataset> data_ = tiny_dataset(24);
  std::int64_t broken_;
};

TEST(FailingRun, HandsOnWhatTheDatasetThrowsAndEndsItsThreads) {
  // The fourth batch of the first epoch, after the checkpoint of step 2.
  const std::int64_t broken = RandomSampler(24, 42).order(0).at(13);
  for (const int workers : {0, 2}) {
    SCOPED_TRACE(workers);
    const TempDir folder;
    TrainerOptions o = six_updates(folder / "out");
    o.args.dataloader_num_workers = workers;
    const auto dataset = std::make_shared<BrokenDataset>(broken);
    o.train_dataset = dataset;
    Trainer trainer(o);
    o.train_dataset.reset();
    EXPECT_EQ(message_of<DatasetError>([&] { trainer.train(); }),
              "loading batch 3 of epoch 0: sample " + std::to_string(broken) +
                  ": image cannot be decoded");
    EXPECT_EQ(dataset.use_count(), 2);  // the Trainer's and ours: no thread has kept it
    EXPECT_EQ(complete_checkpoints(folder / "out"), std::vector<std::int64_t>{2});
    EXPECT_TRUE(recovers(folder / "out"));
  }
}

TEST(FailingRun, HandsOnWhatAStreamThrowsAndEndsItsThreads) {
  for (const int workers : {0, 2}) {
    SCOPED_TRACE(workers);
    const TempDir folder;
    TrainerOptions o = six_updates(folder / "out");
    o.args.dataloader_num_workers = workers;
    const auto stream = std::make_shared<testing::StreamOf>(std::make_shared<BrokenDataset>(13));
    o.train_dataset.reset();
    o.train_stream = stream;
    Trainer trainer(o);
    o.train_stream.reset();
    EXPECT_EQ(message_of<DatasetError>([&] { trainer.train(); }),
              "loading batch 3 of epoch 0: image cannot be decoded");
    EXPECT_EQ(stream.use_count(), 2);
    EXPECT_EQ(complete_checkpoints(folder / "out"), std::vector<std::int64_t>{2});
  }
}

/// Runs whose metric "score" is `scores`, one an evaluation.
TrainerOptions scored(const fs::path& output_dir, std::vector<double> scores) {
  TrainerOptions o = six_updates(output_dir);
  o.args.eval_strategy = IntervalStrategy::steps;
  o.args.eval_steps = 2;
  o.args.metric_for_best_model = "score";
  o.eval_dataset = tiny_dataset(8);
  auto next = std::make_shared<std::size_t>(0);
  o.compute_metrics = [scores, next](const EvalPrediction&) {
    return Metrics{{"score", scores.at((*next)++)}};
  };
  return o;
}

TEST(NanMetric, IsLoggedAndSavedAsPythonWritesItAndIsNeverTheBest) {
  const TempDir folder;
  Trainer trainer(scored(folder / "out", {kNan, 0.5, kNan}));
  trainer.train();
  const std::string text = read_file(folder / "out/checkpoint-6/trainer_state.json");
  EXPECT_NE(text.find("\"eval_score\": NaN,"), std::string::npos) << text;
  EXPECT_NE(text.find("\"best_metric\": 0.5,"), std::string::npos) << text;
  const TrainerState state = trainer_state_from_json_text(text);
  EXPECT_EQ(to_json_text(state), text);
  EXPECT_EQ(state.best_global_step, 4);
  const std::vector<double> logged = testing::logged_values(state.log_history, "eval_score");
  ASSERT_EQ(logged.size(), 3U);
  EXPECT_TRUE(std::isnan(logged[0]) && logged[1] == 0.5 && std::isnan(logged[2]));
  Trainer again(six_updates(folder / "out"));
  EXPECT_EQ(again.train({.resume_from_checkpoint = "last"}).global_step, 6);
}

TEST(NanMetric, AloneLeavesNoBestModelAndTheLastWeights) {
  const TempDir folder;
  TrainerOptions o = scored(folder / "out", {kNan, kNan, kNan});
  o.args.load_best_model_at_end = true;
  Trainer trainer(o);
  trainer.train();
  // The worst possible, as in Python's file.
  EXPECT_EQ(trainer.state().best_metric, -std::numeric_limits<double>::infinity());
  EXPECT_FALSE(trainer.state().best_global_step);
  const std::string text = read_file(folder / "out/checkpoint-6/trainer_state.json");
  EXPECT_NE(text.find("\"best_metric\": -Infinity,"), std::string::npos) << text;
  const auto last = tiny_model();
  last->load_state(folder / "out/checkpoint-6");
  EXPECT_TRUE(same_state(*o.model, *last));
}

TEST(NanMetric, LeavesAScheduleThatFollowsItUsableAndItsCheckpointsWhole) {
  for (const auto& [type, kwargs] :
       {std::pair{SchedulerType::reduce_lr_on_plateau, LogRow{{"patience", std::int64_t{0}}}},
        std::pair{SchedulerType::greedy,
                  LogRow{{"smooth", true}, {"patience", std::int64_t{0}}}}}) {
    SCOPED_TRACE(to_string(type));
    const TempDir folder;
    const auto run = [&](const char* name, std::vector<double> scores,
                         std::optional<std::string> resume) {
      TrainerOptions o = scored(folder / name, std::move(scores));
      o.args.lr_scheduler_type = type;
      o.args.lr_scheduler_kwargs = kwargs;
      Trainer(o).train({.resume_from_checkpoint = std::move(resume)});
      return o.model;
    };
    const auto straight = run("straight", {kNan, 0.5, 0.4}, std::nullopt);
    const auto resumed = run("resumed", {0.5, 0.4}, (folder / "straight/checkpoint-2").string());
    EXPECT_TRUE(same_state(*straight, *resumed));
  }
}

/// Once the save of step 2 is there, leaves so many bytes on the disk.
class FillDisk final : public TrainerCallback {
 public:
  FillDisk(fs::path file, std::uintmax_t left) : file_(std::move(file)), left_(left) {}
  std::string name() const override { return "FillDisk"; }
  void on_saved(const TrainerEvent&, const SavedCheckpoint& checkpoint) override {
    if (checkpoint.step != 2) return;
    const std::uintmax_t room = fs::space(file_.parent_path()).available;
    std::ofstream(file_) << std::string(room - left_, 'x');
  }

 private:
  fs::path file_;
  std::uintmax_t left_;
};

/// Trains on a disk that is full after so many pages of the save of step 4.
class FullDisk : public ::testing::TestWithParam<SaveMode> {
 protected:
  /// The names of the files whose write failed, for more and more pages until there is room.
  std::set<std::string> failed_files();
};

std::set<std::string> FullDisk::failed_files() {
  constexpr std::uintmax_t kPage = 4096;
  std::set<std::string> failed;
  for (std::uintmax_t pages = 0; pages < 40; ++pages) {
    SCOPED_TRACE(pages);
    const testing::SmallDisk disk;
    const fs::path out = disk / "out";
    TrainerOptions o = six_updates(out);
    o.save_mode = GetParam();
    o.callbacks = {std::make_shared<FillDisk>(disk / "filler", pages * kPage)};
    try {
      Trainer(o).train();
      return failed;  // it found room
    } catch (const DiskFullError& error) {
      if (complete_checkpoints(out).back() > 2) return failed;  // it found room, the next did not
      failed.insert(error.path().filename().string());
    }
    fs::remove(disk / "filler");
    EXPECT_EQ(complete_checkpoints(out), std::vector<std::int64_t>{2});
    EXPECT_EQ(std::distance(fs::directory_iterator(out), {}), 1) << "something was left behind";
    EXPECT_TRUE(recovers(out));
    if (HasFailure()) return failed;
  }
  ADD_FAILURE() << "there is never room";
  return failed;
}

TEST_P(FullDisk, AtAnyWriteOfASaveKeepsTheCheckpointBeforeAndNothingElse) {
  const testing::SmallDisk probe;
  if (!probe.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  const std::set<std::string> failed = failed_files();
  for (const char* file :
       {"model.safetensors", "config.json", "training_args.json", "optimizer.pt", "scheduler.pt",
        "rng_state.pth", "torchhub_state.json", "trainer_state.json"}) {
    EXPECT_TRUE(failed.contains(file)) << file;
  }
}

INSTANTIATE_TEST_SUITE_P(OfBothModes, FullDisk, ::testing::Values(SaveMode::sync, SaveMode::async),
                         [](const auto& mode) {
                           return mode.param == SaveMode::sync ? "sync" : "async";
                         });

}  // namespace
}  // namespace torchhub
