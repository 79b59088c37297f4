// Which model is best: early stopping, save_strategy best, and the best weights at the end.
#include "support/logged_values.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::message_of;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

constexpr double kNanScore = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A run of six updates, evaluated after each, whose metric "score" takes the given values.
class BestModel : public ::testing::Test {
 protected:
  TrainerOptions options(std::vector<double> scores) {
    auto next = std::make_shared<std::size_t>(0);
    TrainerOptions o{.model = tiny_model(),
                     .args = {.output_dir = folder_ / "out",
                              .per_device_train_batch_size = 4,
                              .max_steps = 6,
                              .learning_rate = 0.01,
                              .disable_tqdm = true,
                              .eval_strategy = IntervalStrategy::steps,
                              .eval_steps = 1,
                              .save_steps = 1,
                              .metric_for_best_model = "score"},
                     .train_dataset = tiny_dataset(32),
                     .eval_dataset = tiny_dataset(8)};
    o.compute_metrics = [scores, next](const EvalPrediction&) {
      return Metrics{{"score", scores.at((*next)++ % scores.size())}};
    };
    return o;
  }

  fs::path out() const { return folder_ / "out"; }
  std::string best_of(std::int64_t step) const { return (out() / checkpoint_name(step)).string(); }

  TempDir folder_;
};

TEST_F(BestModel, IsTheStrictlyBetterOneAndNeverNan) {
  Trainer trainer(options({0.5, kNanScore, 0.7, 0.7, 0.6, kNanScore}));
  trainer.train();
  EXPECT_EQ(trainer.state().best_metric, 0.7);
  EXPECT_EQ(trainer.state().best_global_step, 3);
  EXPECT_EQ(trainer.state().best_model_checkpoint, best_of(3));
}

TEST_F(BestModel, MayBeTheSmallest) {
  TrainerOptions o = options({0.5, 0.7, 0.2, 0.4, 0.6, 0.3});
  o.args.greater_is_better = false;
  Trainer trainer(std::move(o));
  trainer.train();
  EXPECT_EQ(trainer.state().best_metric, 0.2);
  EXPECT_EQ(trainer.state().best_global_step, 3);
}

TEST_F(BestModel, ComesBackAtTheEnd) {
  TrainerOptions o = options({0.1, 0.9, 0.3, 0.2, 0.2, 0.2});
  o.args.load_best_model_at_end = true;
  Trainer trainer(std::move(o));
  trainer.train();
  const auto best = tiny_model();
  best->load_state(out() / "checkpoint-2");
  EXPECT_TRUE(testing::same_state(trainer.model(), *best));
  const auto last = tiny_model();
  last->load_state(out() / "checkpoint-6");
  EXPECT_FALSE(testing::same_state(trainer.model(), *last));
}

TEST_F(BestModel, StaysThroughRotationAndAloneWithALimitOfOne) {
  TrainerOptions o = options({0.1, 0.9, 0.3, 0.2, 0.2, 0.2});
  o.args.save_total_limit = 2;
  Trainer(std::move(o)).train();
  EXPECT_EQ(complete_checkpoints(out()), (std::vector<std::int64_t>{2, 6}));
  fs::remove_all(out());
  o = options({0.1, 0.9, 0.3, 0.2, 0.2, 0.2});
  o.args.save_total_limit = 1;
  Trainer(std::move(o)).train();
  EXPECT_EQ(complete_checkpoints(out()), std::vector<std::int64_t>{2});
}

TEST_F(BestModel, OfAnotherFolderCostsNoCheckpointOfThisOne) {
  Trainer(options({0.1, 0.9, 0.3, 0.2, 0.2, 0.2})).train();
  TrainerOptions o = options({0.2});
  o.args.output_dir = folder_ / "moved";
  o.args.save_total_limit = 1;
  Trainer trainer(std::move(o));
  trainer.train({.resume_from_checkpoint = (out() / "checkpoint-4").string()});
  EXPECT_EQ(trainer.state().best_model_checkpoint, best_of(2));
  EXPECT_EQ(complete_checkpoints(folder_ / "moved"), std::vector<std::int64_t>{6});
}

TEST_F(BestModel, IsAllThatSaveStrategyBestSaves) {
  TrainerOptions o = options({0.1, 0.9, 0.3, 0.2, 0.95, 0.2});
  o.args.save_strategy = SaveStrategy::best;
  Trainer trainer(std::move(o));
  trainer.train();
  EXPECT_EQ(complete_checkpoints(out()), (std::vector<std::int64_t>{1, 2, 5}));
  EXPECT_EQ(trainer.state().best_model_checkpoint, best_of(5));
}

TEST_F(BestModel, IsNotRecordedWhereItsStepWasNotSaved) {
  TrainerOptions o = options({0.1, 0.9, 0.3, 0.2, 0.2, 0.2});
  o.args.save_steps = 3;
  Trainer trainer(std::move(o));
  trainer.train();
  EXPECT_EQ(trainer.state().best_global_step, 2);
  EXPECT_FALSE(trainer.state().best_model_checkpoint);
}

TEST_F(BestModel, NamesTheMetricsThatThereAreWhereItsOwnIsMissing) {
  TrainerOptions o = options({0.1});
  o.args.metric_for_best_model = "f1";
  Trainer trainer(std::move(o));
  const std::string message = message_of<InvalidArgumentError>([&] { trainer.train(); });
  EXPECT_NE(message.find("There is no metric 'eval_f1'; there are: eval_loss, eval_score, "),
            std::string::npos)
      << message;
}

TEST_F(BestModel, EndsTrainingEarlyWhenItStopsImproving) {
  TrainerOptions o = options({0.5, 0.6, 0.605, 0.55, 0.7, 0.8});
  o.callbacks = {std::make_shared<EarlyStoppingCallback>(
      EarlyStoppingOptions{.early_stopping_patience = 2, .early_stopping_threshold = 0.01})};
  EXPECT_EQ(Trainer(std::move(o)).train().global_step, 4);  // 0.605 is too little, 0.55 is worse
}

// TD-13: Python forgets the counter unless told otherwise.
TEST_F(BestModel, EarlyStoppingGoesOnCountingAfterAResume) {
  const auto stopping = [] {
    return std::make_shared<EarlyStoppingCallback>(
        EarlyStoppingOptions{.early_stopping_patience = 3});
  };
  TrainerOptions o = options({0.5, 0.4, 0.3});
  o.args.max_steps = 3;
  o.callbacks = {stopping()};
  Trainer(std::move(o)).train();  // two without improvement
  o = options({0.2, 0.1, 0.1});
  o.callbacks = {stopping()};
  EXPECT_EQ(Trainer(std::move(o)).train({.resume_from_checkpoint = "last"}).global_step, 4);
  fs::remove_all(out() / "checkpoint-4");
  o = options({0.2, 0.1, 0.1});
  o.args.restore_callback_states_from_checkpoint = false;
  o.callbacks = {stopping()};
  EXPECT_EQ(Trainer(std::move(o)).train({.resume_from_checkpoint = "last"}).global_step, 6);
}

TEST_F(BestModel, EarlyStoppingCountsEvaluationsThatAreNaN) {
  const auto steps = [&](std::vector<double> scores) {
    TrainerOptions o = options(std::move(scores));
    o.callbacks = {std::make_shared<EarlyStoppingCallback>(
        EarlyStoppingOptions{.early_stopping_patience = 2})};
    return Trainer(std::move(o)).train().global_step;
  };
  // As in Python the first evaluation never counts, since there is no best one before it.
  EXPECT_EQ(steps({kNanScore}), 3);
  EXPECT_EQ(steps({0.5, kNanScore, kNanScore, 0.7}), 3);
  EXPECT_EQ(steps({kNanScore, kNanScore, 0.5, kNanScore, kNanScore, 0.7}), 5)
      << "an improvement counts from 0 again";
}

// As in transformers 5.12.1, Trainer._determine_best_metric.
TEST_F(BestModel, IsNotTheWorstThatThereCanBe) {
  for (const bool greater : {true, false}) {
    SCOPED_TRACE(greater);
    const double worst = greater ? -kInfinity : kInfinity;
    TrainerOptions o = options({worst});
    o.args.greater_is_better = greater;
    o.args.save_strategy = SaveStrategy::best;
    Trainer trainer(std::move(o));
    trainer.train();
    EXPECT_EQ(trainer.state().best_metric, worst);
    EXPECT_FALSE(trainer.state().best_global_step);
    EXPECT_TRUE(complete_checkpoints(out()).empty());
  }
}

// Else Python, which has the callback, could not save any more: a KeyError.
TEST_F(BestModel, TheStateOfEarlyStoppingOutlivesARunWithoutIt) {
  for (const bool restores : {true, false}) {
    SCOPED_TRACE(restores);
    fs::remove_all(out());
    TrainerOptions o = options({0.5, 0.4, 0.3});
    o.args.max_steps = 2;
    o.callbacks = {std::make_shared<EarlyStoppingCallback>(
        EarlyStoppingOptions{.early_stopping_patience = 7})};
    Trainer(std::move(o)).train();
    o = options({0.3});
    o.args.restore_callback_states_from_checkpoint = restores;
    Trainer without(std::move(o));
    without.train({.resume_from_checkpoint = "last"});
    without.save_state();
    for (const fs::path& file :
         {out() / "checkpoint-6/trainer_state.json", out() / "trainer_state.json"}) {
      const auto states = nlohmann::json::parse(read_file(file)).at("stateful_callbacks");
      ASSERT_TRUE(states.contains("EarlyStoppingCallback")) << file;
      const auto& early = states.at("EarlyStoppingCallback");
      EXPECT_EQ(early.at("args").at("early_stopping_patience"), 7);
      EXPECT_EQ(early.at("attributes").at("early_stopping_patience_counter"), 1);
    }
    without.train();  // from the start: the checkpoint's callbacks are none of this run
    const auto fresh = nlohmann::json::parse(read_file(out() / "checkpoint-6/trainer_state.json"));
    EXPECT_FALSE(fresh.at("stateful_callbacks").contains("EarlyStoppingCallback"));
  }
}

TEST_F(BestModel, SaveStateWritesTheStatesOfCallbacksThoughNothingWasSavedYet) {
  TrainerOptions o = options({0.5});
  o.callbacks = {std::make_shared<EarlyStoppingCallback>()};
  const Trainer trainer(std::move(o));
  trainer.save_state();
  const auto states =
      nlohmann::json::parse(read_file(out() / "trainer_state.json")).at("stateful_callbacks");
  EXPECT_EQ(states.size(), 2U);
  EXPECT_TRUE(states.contains("EarlyStoppingCallback"));
  EXPECT_EQ(states.at("TrainerControl").at("args").at("should_save"), false);
}

TEST_F(BestModel, EarlyStoppingNeedsAMetricAndEvaluations) {
  Trainer trainer({.model = tiny_model(),
                   .args = {.output_dir = out(), .max_steps = 1, .disable_tqdm = true},
                   .train_dataset = tiny_dataset(8),
                   .callbacks = {std::make_shared<EarlyStoppingCallback>()}});
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { trainer.train(); }),
            "EarlyStoppingCallback cannot work:\n"
            "  - metric_for_best_model is unset; name the metric that must improve.\n"
            "  - eval_strategy is no; evaluate by steps or epoch.");
  EXPECT_THROW(EarlyStoppingCallback({.early_stopping_patience = 0}), InvalidArgumentError);
}

TEST_F(BestModel, SchedulesThatFollowItLowerTheRateWhenItStopsImproving) {
  TrainerOptions o = options({0.5, 0.4, 0.4, 0.4, 0.4, 0.4});
  o.args.lr_scheduler_type = SchedulerType::reduce_lr_on_plateau;
  o.args.lr_scheduler_kwargs = LogRow{{"patience", std::int64_t{1}}, {"mode", "max"}};
  o.args.logging_steps = 1;
  Trainer trainer(std::move(o));
  trainer.train();
  EXPECT_EQ(testing::logged_values(trainer.state().log_history, "learning_rate"),
            (std::vector<double>{0.01, 0.01, 0.01, 0.001, 0.001, 0.0001}));
}

}  // namespace
}  // namespace torchhub
