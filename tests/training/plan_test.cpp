#include "torchhub/training/plan.h"

#include "torchhub/base/error.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

// Golden: transformers 5.12.1; 10 samples in batches of 4 make 3 updates an epoch.
TEST(TrainingPlan, CountsUpdatesOfFractionalEpochs) {
  const TrainingPlan plan =
      make_plan({.per_device_train_batch_size = 4, .num_train_epochs = 1.5}, 10);
  EXPECT_EQ(plan.updates_per_epoch, 3);
  EXPECT_EQ(plan.max_steps, 5);
  EXPECT_EQ(plan.num_train_epochs, 2);
  EXPECT_DOUBLE_EQ(plan.num_train_samples, 15);
}

TEST(TrainingPlan, LetsMaxStepsDecide) {
  const TrainingPlan plan = make_plan({.per_device_train_batch_size = 4, .max_steps = 4}, 10);
  EXPECT_EQ(plan.max_steps, 4);
  EXPECT_EQ(plan.num_train_epochs, 2);
  EXPECT_DOUBLE_EQ(plan.num_train_samples, 16);
}

TEST(TrainingPlan, RoundsUpTheLastShortUpdateOfAnEpoch) {
  const TrainingPlan plan =
      make_plan({.per_device_train_batch_size = 4, .gradient_accumulation_steps = 2}, 10);
  EXPECT_EQ(plan.batches_per_epoch, 3);
  EXPECT_EQ(plan.updates_per_epoch, 2);
  EXPECT_EQ(plan.total_batch_size, 8);
}

// Golden: trainer v5 `get_warmup_steps` for a ratio of 0.1.
TEST(TrainingPlan, RoundsWarmUpRatiosUp) {
  const std::pair<std::int64_t, std::int64_t> cases[] = {
      {5, 1}, {10, 1}, {95, 10}, {100, 10}, {101, 11}};
  for (const auto& [total, warmup] : cases) {
    EXPECT_EQ(make_plan({.max_steps = total, .warmup_steps = 0.1}, 8).warmup_steps, warmup)
        << total;
  }
}

TEST(TrainingPlan, TurnsFractionsIntoSteps) {
  const TrainingPlan plan = make_plan({.max_steps = 101,
                                       .logging_steps = 0.1,
                                       .eval_strategy = IntervalStrategy::steps,
                                       .save_steps = 7},
                                      8);
  EXPECT_EQ(plan.logging_steps, 11);
  EXPECT_EQ(plan.eval_steps, 11);
  EXPECT_EQ(plan.save_steps, 7);
}

TEST(TrainingPlan, CountsAStreamByItsUpdates) {
  const TrainingPlan plan =
      make_plan({.max_steps = 30, .gradient_accumulation_steps = 4}, TrainingData{.world_size = 2});
  EXPECT_EQ(plan.updates_per_epoch, 30);
  EXPECT_EQ(plan.batches_per_epoch, 120);
  EXPECT_DOUBLE_EQ(plan.num_train_samples, 30 * 8 * 4 * 2);
  EXPECT_THROW(make_plan({}, TrainingData{}), InvalidArgumentError);
}

TEST(TrainingPlan, NamesTheMetricOfTheBestModel) {
  EXPECT_FALSE(make_plan({}, 8).metric_for_best_model);
  const TrainingPlan by_loss = make_plan({.eval_strategy = IntervalStrategy::epoch,
                                          .save_strategy = SaveStrategy::epoch,
                                          .load_best_model_at_end = true},
                                         8);
  EXPECT_EQ(by_loss.metric_for_best_model, "eval_loss");
  EXPECT_FALSE(by_loss.greater_is_better);
  const TrainingPlan by_f1 = make_plan({.metric_for_best_model = "eval_f1"}, 8);
  EXPECT_EQ(by_f1.metric_for_best_model, "eval_f1");
  EXPECT_TRUE(by_f1.greater_is_better);
  EXPECT_FALSE(make_plan({.metric_for_best_model = "error", .greater_is_better = false}, 8)
                   .greater_is_better);
}

TEST(TrainingPlan, RefusesWhatCannotTrain) {
  EXPECT_THROW(make_plan({}, 0), InvalidArgumentError);
  EXPECT_THROW(make_plan({.save_steps = 0}, 8), InvalidArgumentError);
  EXPECT_THROW(make_plan({.dataloader_drop_last = true}, 7), InvalidArgumentError);
}

// Golden: transformers 5.12.1, eval_steps of trainer_state.json.
TEST(Plan, SaysFiveHundredEvalStepsWhereNobodyAsksForThem) {
  TrainingArguments args{.max_steps = 10, .logging_steps = 1};
  EXPECT_EQ(make_plan(args, 16).eval_steps, 500);
  args.eval_strategy = IntervalStrategy::epoch;
  EXPECT_EQ(make_plan(args, 16).eval_steps, 500);
  args.eval_strategy = IntervalStrategy::steps;
  EXPECT_EQ(make_plan(args, 16).eval_steps, 1);
}

}  // namespace
}  // namespace torchhub
