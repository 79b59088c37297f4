#include "torchhub/training/default_flow.h"

#include "torchhub/training/callback_list.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

class DefaultFlow : public ::testing::Test {
 protected:
  TrainerControl after_step(TrainingArguments args, std::int64_t step) {
    args.max_steps = 10;
    const TrainingPlan plan = make_plan(args, 100);
    TrainerState state{.global_step = step};
    TrainerControl control;
    flow_.on_step_end({args, plan, state, control, model_});
    return control;
  }

  DefaultFlowCallback flow_;
  torch::nn::Module model_;
};

TEST_F(DefaultFlow, RaisesFlagsAtTheirSteps) {
  const TrainingArguments args{.logging_steps = 2,
                               .eval_strategy = IntervalStrategy::steps,
                               .eval_steps = 3,
                               .save_steps = 4};
  const TrainerControl at4 = after_step(args, 4);
  EXPECT_TRUE(at4.should_log);
  EXPECT_FALSE(at4.should_evaluate);
  EXPECT_TRUE(at4.should_save);
  EXPECT_FALSE(at4.should_training_stop);
  EXPECT_TRUE(after_step(args, 3).should_evaluate);
  EXPECT_FALSE(after_step(args, 5).should_save);
}

TEST_F(DefaultFlow, EvaluatesSavesAndStopsAtTheLastStep) {
  const TrainerControl last =
      after_step({.eval_strategy = IntervalStrategy::steps, .eval_steps = 3, .save_steps = 4}, 10);
  EXPECT_TRUE(last.should_evaluate);
  EXPECT_TRUE(last.should_save);
  EXPECT_TRUE(last.should_training_stop);
  const TrainerControl quiet = after_step({.save_strategy = SaveStrategy::epoch}, 10);
  EXPECT_FALSE(quiet.should_evaluate);
  EXPECT_FALSE(quiet.should_save);
}

TEST_F(DefaultFlow, LogsTheFirstStepOnlyIfAsked) {
  EXPECT_FALSE(after_step({}, 1).should_log);
  EXPECT_TRUE(after_step({.logging_first_step = true}, 1).should_log);
}

TEST_F(DefaultFlow, RaisesFlagsOfTheEpochStrategiesAtItsEnd) {
  const TrainingArguments args{.logging_strategy = IntervalStrategy::epoch,
                               .eval_strategy = IntervalStrategy::epoch,
                               .save_strategy = SaveStrategy::epoch};
  const TrainingPlan plan = make_plan(args, 100);
  const TrainerState state;
  TrainerControl control;
  flow_.on_epoch_end({args, plan, state, control, model_});
  EXPECT_TRUE(control.should_log && control.should_evaluate && control.should_save);
}

/// Keeps one number.
class Counter final : public TrainerCallback {
 public:
  std::string name() const override { return "Counter"; }
  std::optional<CallbackState> state() const override {
    return CallbackState{.attributes = {{"count", count}}};
  }
  void restore(const CallbackState& state) override {
    count = static_cast<std::int64_t>(number_of(state.attributes, "count").value());
  }
  std::int64_t count = 0;
};

TEST(CallbackList, RestoresEachCallbackOfAClassInItsOrder) {
  CallbackList saved;
  const auto a = std::make_shared<Counter>();
  const auto b = std::make_shared<Counter>();
  a->count = 4;
  b->count = 7;
  saved.add(a);
  saved.add(b);

  CallbackList fresh;
  const auto c = std::make_shared<Counter>();
  const auto d = std::make_shared<Counter>();
  fresh.add(c);
  fresh.add(d);
  fresh.restore(saved.states());
  EXPECT_EQ(c->count, 4);
  EXPECT_EQ(d->count, 7);
}

}  // namespace
}  // namespace torchhub
