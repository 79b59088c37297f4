// What a run logs where it goes on, though not as its user may think.
#include "support/stream_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/log.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::StreamOf;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

class Warnings : public ::testing::Test {
 protected:
  TrainerOptions options() const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "out",
                     .per_device_train_batch_size = 4,
                     .max_steps = 4,
                     .disable_tqdm = true,
                     .eval_strategy = IntervalStrategy::steps,
                     .eval_steps = 2,
                     .save_steps = 2,
                     .metric_for_best_model = "odd"},
            .train_dataset = tiny_dataset(16),
            .eval_dataset = tiny_dataset(8),
            .compute_metrics = [](const EvalPrediction&) {
              return Metrics{{"odd", 1.0}};
            }};
  }

  /// All lines of a run.
  static std::string lines_of(TrainerOptions options, const TrainOptions& how = {}) {
    std::string lines;
    log::set_sink([&](log::Level, std::string_view line) { lines += std::string(line) + "\n"; });
    Trainer(std::move(options)).train(how);
    log::set_sink({});
    return lines;
  }
  static void expect(const std::string& lines, const std::string& event) {
    EXPECT_NE(lines.find(" " + event), std::string::npos) << event << " is not in:\n" << lines;
  }

  TempDir folder_;
};

TEST_F(Warnings, AreNotGivenForNothing) {
  const std::string lines = lines_of(options());
  EXPECT_EQ(lines.find("WARNING"), std::string::npos) << lines;
}

TEST_F(Warnings, OfAMetricThatIsNoNumberAndSoHasNoBestModel) {
  TrainerOptions o = options();
  o.args.load_best_model_at_end = true;
  o.compute_metrics = [](const EvalPrediction&) { return Metrics{{"odd", NAN}}; };
  const std::string lines = lines_of(std::move(o));
  expect(lines, "metric_not_finite metric=eval_odd");
  expect(lines, "no_best_model_to_load");
}

TEST_F(Warnings, OfABestModelThatSomebodyDeleted) {
  class Deletes final : public TrainerCallback {
   public:
    std::string name() const override { return "Deletes"; }
    void on_log(const TrainerEvent& event, const LogRow& logs) override {
      if (number_of(logs, "train_loss")) fs::remove_all(*event.state.best_model_checkpoint);
    }
  };
  TrainerOptions o = options();
  o.args.load_best_model_at_end = true;
  o.callbacks = {std::make_shared<Deletes>()};
  expect(lines_of(std::move(o)), "best_model_missing");
}

// It threw, after all of the training was done.
TEST_F(Warnings, OfABestModelWhoseWeightsSomebodyDeleted) {
  class Deletes final : public TrainerCallback {
   public:
    std::string name() const override { return "Deletes"; }
    void on_log(const TrainerEvent& event, const LogRow& logs) override {
      if (!number_of(logs, "train_loss")) return;
      deleted = fs::remove(fs::path(*event.state.best_model_checkpoint) / "model.safetensors");
    }
    void on_train_end(const TrainerEvent&) override { ended = true; }
    bool deleted = false;
    bool ended = false;
  };
  const auto deletes = std::make_shared<Deletes>();
  TrainerOptions o = options();
  o.args.load_best_model_at_end = true;
  o.callbacks = {deletes};
  expect(lines_of(std::move(o)),
         "best_model_missing folder=" + (folder_ / "out/checkpoint-2").string());
  EXPECT_TRUE(deletes->deleted);
  EXPECT_TRUE(deletes->ended);
}

TEST_F(Warnings, OfEarlyStoppingThatKeepsTheLastWeights) {
  TrainerOptions o = options();
  o.callbacks = {std::make_shared<EarlyStoppingCallback>()};
  expect(lines_of(std::move(o)), "early_stopping_keeps_last_weights");
}

TEST_F(Warnings, OfSettingsThatTheCheckpointSaysOtherwise) {
  TrainerOptions o = options();
  o.callbacks = {
      std::make_shared<EarlyStoppingCallback>(EarlyStoppingOptions{.early_stopping_patience = 7})};
  lines_of(std::move(o));
  o = options();
  o.args.max_steps = 6;
  o.callbacks = {
      std::make_shared<EarlyStoppingCallback>(EarlyStoppingOptions{.early_stopping_patience = 3})};
  const std::string lines = lines_of(std::move(o), {.resume_from_checkpoint = "last"});
  expect(lines, "setting_from_checkpoint name=early_stopping_patience given=3 used=7");
  EXPECT_EQ(lines.find("early_stopping_threshold"), std::string::npos) << lines;
}

TEST_F(Warnings, OfAnEvaluationThatLacksTheMetricOfEarlyStopping) {
  class Other final : public TrainerCallback {
   public:
    explicit Other(EarlyStoppingCallback& early) : early_(early) {}
    std::string name() const override { return "Other"; }
    void on_train_end(const TrainerEvent& event) override { early_.on_evaluate(event, {}); }

   private:
    EarlyStoppingCallback& early_;
  };
  const auto early = std::make_shared<EarlyStoppingCallback>();
  TrainerOptions o = options();
  o.callbacks = {early, std::make_shared<Other>(*early)};
  expect(lines_of(std::move(o)), "early_stopping_without_metric metric=eval_odd");
}

TEST_F(Warnings, OfAnotherBatchSizeAndOfASaveThatWasCutShort) {
  lines_of(options());
  fs::create_directories(folder_ / "out/checkpoint-99");
  TrainerOptions o = options();
  o.args.per_device_train_batch_size = 2;
  o.args.max_steps = 5;
  const std::string lines = lines_of(std::move(o), {.resume_from_checkpoint = "last"});
  expect(lines, "checkpoint_incomplete folder=" + (folder_ / "out/checkpoint-99").string());
  expect(lines, "resume_with_another_batch_size checkpoint=4 now=2");
}

TEST_F(Warnings, OfAStreamWithoutSamples) {
  TrainerOptions o = options();
  o.train_dataset = nullptr;
  o.train_stream = std::make_shared<StreamOf>(
      std::make_shared<TensorDataset>(Batch{{"pixel_values", torch::zeros({0, 6})}}), false);
  expect(lines_of(std::move(o)), "epoch_without_a_batch epoch=0");
}

TEST_F(Warnings, OfSmoothingForLabelsThatAreNoClasses) {
  TrainerOptions o = options();
  o.model->config().problem_type = ProblemType::multi_label_classification;
  o.args.label_smoothing_factor = 0.1;
  expect(lines_of(std::move(o)), "label_smoothing_is_off");
}

TEST_F(Warnings, OfLabelsOfWhichOnlyTheFirstColumnIsUsed) {
  TrainerOptions o = options();
  o.args.label_names = {"labels", "pixel_values"};  // of other shapes
  expect(lines_of(std::move(o)), "labels_of_several_shapes used=labels");
}

// As in Python: the evaluation before training moves no schedule and makes no best model.
TEST_F(Warnings, AnEvaluationAtTheStartCountsForNothing) {
  class Watches final : public TrainerCallback {
   public:
    std::string name() const override { return "Watches"; }
    void on_epoch_begin(const TrainerEvent& event) override {
      had_best = had_best || event.state.best_metric.has_value();
      metrics_at_begin = event.lr_scheduler->state().at("last_epoch").integer();
    }
    void on_train_end(const TrainerEvent& event) override {
      metrics_at_end = event.lr_scheduler->state().at("last_epoch").integer();
    }
    bool had_best = false;
    std::int64_t metrics_at_begin = -1;
    std::int64_t metrics_at_end = -1;
  };
  const auto watches = std::make_shared<Watches>();
  TrainerOptions o = options();
  o.args.lr_scheduler_type = SchedulerType::reduce_lr_on_plateau;
  o.args.eval_on_start = true;
  o.callbacks = {watches};
  lines_of(std::move(o));
  EXPECT_FALSE(watches->had_best);
  EXPECT_EQ(watches->metrics_at_begin, 0);
  EXPECT_EQ(watches->metrics_at_end, 2);  // at updates 2 and 4
}

}  // namespace
}  // namespace torchhub
