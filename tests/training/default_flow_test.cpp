#include "torchhub/training/default_flow.h"

#include "callbacks/run_event.h"
#include "torchhub/base/log.h"
#include "torchhub/training/callback_list.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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

/// Writes down the flags that it sees at each event that may clear one.
class FlagReader final : public TrainerCallback {
 public:
  std::string name() const override { return "FlagReader"; }
  void on_train_begin(const TrainerEvent& event) override { note(event); }
  void on_epoch_begin(const TrainerEvent& event) override { note(event); }
  void on_step_begin(const TrainerEvent& event) override { note(event); }
  void on_log(const TrainerEvent& event, const LogRow&) override { note(event); }
  void on_evaluate(const TrainerEvent& event, const Metrics&) override { note(event); }
  void on_save(const TrainerEvent& event, const std::filesystem::path&) override { note(event); }
  std::string seen;  ///< Of the last: stop training, stop epoch, log, evaluate, save.

 private:
  void note(const TrainerEvent& event) {
    const TrainerControl& c = event.control;
    seen.clear();
    for (const bool flag : {c.should_training_stop, c.should_epoch_stop, c.should_log,
                            c.should_evaluate, c.should_save}) {
      seen += flag ? '1' : '0';
    }
  }
};

// As Python does it: cleared before the callbacks of that event run.
TEST(CallbackList, LowersFlagsBeforeTheEventsThatOwnThem) {
  const auto reader = std::make_shared<FlagReader>();
  CallbackList list;
  list.add(std::make_shared<DefaultFlowCallback>());
  list.add(reader);
  testing::TestRun run;
  const TrainerEvent event = run.at(1);
  const auto at = [&](const auto& fire) {
    run.control = {true, true, true, true, true};
    fire();
    return reader->seen;
  };
  EXPECT_EQ(at([&] { list.train_begin(event); }), "01111");
  EXPECT_EQ(at([&] { list.epoch_begin(event); }), "10111");
  EXPECT_EQ(at([&] { list.step_begin(event); }), "11000");
  EXPECT_EQ(at([&] { list.log(event, {}); }), "11011");
  EXPECT_EQ(at([&] { list.evaluate(event, {}); }), "11101");
  EXPECT_EQ(at([&] { list.save(event, "checkpoint-1"); }), "11110");
}

TEST(CallbackList, WarnsOfWhatLooksLikeAMistake) {
  std::string lines;
  log::set_sink([&](log::Level, std::string_view line) { lines += std::string(line) + "\n"; });
  CallbackList list;
  list.add(std::make_shared<Counter>());
  EXPECT_EQ(lines, "");
  list.add(std::make_shared<Counter>());
  testing::TestRun run;
  list.train_begin(run.at(0));
  list.restore({{"GoneCallback", {}}, {"TrainerControl", {}}});
  log::set_sink({});
  EXPECT_NE(lines.find("callback_added_twice name=Counter"), std::string::npos) << lines;
  EXPECT_NE(lines.find("no_default_flow_callback"), std::string::npos) << lines;
  EXPECT_NE(lines.find("callback_states_without_callback names=GoneCallback\n"), std::string::npos)
      << lines;
}

TEST(CallbackList, TellsAllOfAnErrorWhateverTheyThrow) {
  class Throws final : public TrainerCallback {
   public:
    std::string name() const override { return "Throws"; }
    void on_exception(const TrainerEvent&, const std::exception&) override {
      throw std::runtime_error("another");
    }
  };
  class Hears final : public TrainerCallback {
   public:
    std::string name() const override { return "Hears"; }
    void on_exception(const TrainerEvent&, const std::exception& error) override {
      heard = error.what();
    }
    std::string heard;
  };
  const auto hears = std::make_shared<Hears>();
  CallbackList list;
  list.add(std::make_shared<Throws>());
  list.add(hears);
  testing::TestRun run;
  list.exception(run.at(1), std::runtime_error("the first"));
  EXPECT_EQ(hears->heard, "the first");
}

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

std::pair<std::string, CallbackState> counted(const std::string& name, std::int64_t count) {
  return {name, {.attributes = {{"count", count}}}};
}

// Python adds the states of callbacks of one class to a list, all of them at each save (TD-16).
TEST(CallbackList, RestoresTheNewestWhereMoreStatesWereKeptThanThereAreCallbacks) {
  CallbackList list;
  const auto a = std::make_shared<Counter>();
  const auto b = std::make_shared<Counter>();
  list.add(a);
  list.add(b);
  std::string lines;
  log::set_sink([&](log::Level, std::string_view line) { lines += std::string(line) + "\n"; });
  list.restore({counted("Counter", 0), counted("Counter", 0), counted("Counter", 2),
                counted("Counter", 3), counted("Counter", 4), counted("Counter", 7)});
  log::set_sink({});
  EXPECT_EQ(a->count, 4);
  EXPECT_EQ(b->count, 7);
  EXPECT_EQ(lines, "") << "all of them are here";
}

TEST(CallbackList, GivesTheFirstCallbackOfAClassTheOnlyStateThatWasKept) {
  CallbackList list;
  const auto a = std::make_shared<Counter>();
  const auto b = std::make_shared<Counter>();
  list.add(a);
  list.add(b);
  list.restore({counted("Counter", 4)});
  EXPECT_EQ(a->count, 4);
  EXPECT_EQ(b->count, 0);
}

TEST(CallbackList, SavesTheFlagsAndWhatWasKeptOfCallbacksThatAreNotHere) {
  CallbackList list;
  const auto mine = std::make_shared<Counter>();
  mine->count = 4;
  list.add(mine);
  list.add(std::make_shared<DefaultFlowCallback>());
  const auto saved = list.states_to_save(
      {.should_save = true}, {counted("Gone", 1), counted("Counter", 2), counted("Gone", 3),
                              counted("TrainerControl", 5), counted("DefaultFlowCallback", 6)});
  std::vector<std::string> names;
  for (const auto& [name, state] : saved) names.push_back(name);
  ASSERT_EQ(names, (std::vector<std::string>{"Counter", "TrainerControl", "Gone", "Gone"}));
  EXPECT_EQ(number_of(saved[0].second.attributes, "count"), 4);
  EXPECT_EQ(saved[1].second.args, (LogRow{{"should_epoch_stop", false},
                                          {"should_evaluate", false},
                                          {"should_log", false},
                                          {"should_save", true},
                                          {"should_training_stop", false}}));
  EXPECT_EQ(number_of(saved[2].second.attributes, "count"), 1);
  EXPECT_EQ(number_of(saved[3].second.attributes, "count"), 3);
}

}  // namespace
}  // namespace torchhub
