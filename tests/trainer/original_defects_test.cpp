// What transformers 5.12 does wrong and ours does not.
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

class OriginalDefects : public ::testing::Test {
 protected:
  TrainerOptions options(const char* name) const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / name,
                     .per_device_train_batch_size = 4,
                     .max_steps = 6,
                     .logging_steps = 1,
                     .disable_tqdm = true,
                     .save_steps = 2},
            .train_dataset = tiny_dataset(24),
            .eval_dataset = tiny_dataset(8)};
  }

  nlohmann::ordered_json state_of(const char* checkpoint) const {
    return nlohmann::ordered_json::parse(read_file(folder_ / checkpoint / "trainer_state.json"));
  }

  TempDir folder_;
};

// Python warns, and goes on with the intervals of the checkpoint.
TEST_F(OriginalDefects, AResumeLogsEvaluatesAndSavesAsThisRunWasAsked) {
  Trainer(options("first")).train();
  TrainerOptions o = options("second");
  o.args.logging_steps = 2;
  o.args.save_steps = 3;
  o.args.eval_strategy = IntervalStrategy::steps;
  o.args.eval_steps = 4;
  Trainer trainer(o);
  trainer.train({.resume_from_checkpoint = (folder_ / "first/checkpoint-2").string()});
  EXPECT_EQ(complete_checkpoints(folder_ / "second"), (std::vector<std::int64_t>{3, 6}));
  std::vector<double> logged;
  std::vector<double> evaluated;
  for (const LogRow& row : trainer.state().log_history) {
    if (number_of(row, "loss")) logged.push_back(*number_of(row, "step"));
    if (number_of(row, "eval_loss")) evaluated.push_back(*number_of(row, "step"));
  }
  EXPECT_EQ(logged, (std::vector<double>{1, 2, 4, 6}));
  EXPECT_EQ(evaluated, (std::vector<double>{4, 6}));  // the last one always
  const auto state = state_of("second/checkpoint-6");
  EXPECT_EQ(state.at("logging_steps"), 2);
  EXPECT_EQ(state.at("eval_steps"), 4);
  EXPECT_EQ(state.at("save_steps"), 3);
}

// Python says nothing, and the best weights are gone.
TEST_F(OriginalDefects, ARunThatMayLoseItsBestWeightsIsWarned) {
  const auto warned = [&](SaveStrategy strategy, double save_steps) {
    std::string lines;
    log::set_sink([&](log::Level, std::string_view line) { lines += line; });
    TrainerOptions o = options("out");
    o.args.eval_strategy = IntervalStrategy::steps;
    o.args.eval_steps = 2;
    o.args.save_strategy = strategy;
    o.args.save_steps = save_steps;
    o.args.metric_for_best_model = "loss";
    const Trainer trainer(o);
    log::set_sink({});
    return lines.find("best_model_may_not_be_saved") != std::string::npos;
  };
  EXPECT_TRUE(warned(SaveStrategy::steps, 4));
  EXPECT_TRUE(warned(SaveStrategy::epoch, 2));
  EXPECT_FALSE(warned(SaveStrategy::steps, 2));
  EXPECT_FALSE(warned(SaveStrategy::steps, 1));
  EXPECT_FALSE(warned(SaveStrategy::best, 4));
}

/// Keeps how many updates it saw.
class Counter final : public TrainerCallback {
 public:
  std::string name() const override { return "Counter"; }
  void on_step_end(const TrainerEvent&) override { ++count_; }
  std::optional<CallbackState> state() const override {
    return CallbackState{.attributes = {{"count", count_}}};
  }
  void restore(const CallbackState& state) override {
    count_ = static_cast<std::int64_t>(number_of(state.attributes, "count").value());
  }

 private:
  std::int64_t count_ = 0;
};

// In Python they pile up, one more at each save, where two callbacks are of one class.
TEST_F(OriginalDefects, CallbacksOfOneClassHaveOneStateEachHoweverManySaves) {
  const auto train = [&](std::optional<std::string> resume) {
    TrainerOptions o = options("out");
    o.callbacks = {std::make_shared<Counter>(), std::make_shared<Counter>()};
    Trainer(o).train({.resume_from_checkpoint = std::move(resume)});
  };
  train(std::nullopt);
  for (const bool resumed : {false, true}) {
    SCOPED_TRACE(resumed);
    if (resumed) train((folder_ / "out/checkpoint-2").string());
    const auto callbacks = state_of("out/checkpoint-6").at("stateful_callbacks");
    EXPECT_EQ(callbacks.size(), 2U);
    EXPECT_TRUE(callbacks.at("TrainerControl").is_object());
    ASSERT_EQ(callbacks.at("Counter").size(), 2U);
    for (const auto& counter : callbacks.at("Counter")) {
      EXPECT_EQ(counter.at("attributes").at("count"), 6);
    }
  }
}

// Python's `use_cache` argument, false unless it is set, ends up in the saved config.json.
TEST_F(OriginalDefects, TheSavedConfigKeepsItsUseCache) {
  TrainerOptions o = options("out");
  o.model->config().extra.json()["use_cache"] = true;
  Trainer trainer(o);
  trainer.train();
  trainer.save_model(folder_ / "model");
  for (const char* file : {"out/checkpoint-6/config.json", "model/config.json"}) {
    EXPECT_EQ(nlohmann::ordered_json::parse(read_file(folder_ / file)).at("use_cache"), true)
        << file;
  }
}

}  // namespace
}  // namespace torchhub
