// What a run says of its speed: values, rounding and what they count.
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::FakeClock;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

/// Lets time pass with each update and each batch of an evaluation.
class TimePasses final : public TrainerCallback {
 public:
  TimePasses(std::shared_ptr<FakeClock> clock, std::chrono::milliseconds update,
             std::int64_t stop_at = -1)
      : clock_(std::move(clock)), update_(update), stop_at_(stop_at) {}
  std::string name() const override { return "TimePasses"; }
  void on_step_end(const TrainerEvent& event) override {
    clock_->advance(update_);
    if (event.state.global_step == stop_at_) event.control.should_training_stop = true;
  }
  void on_prediction_step(const TrainerEvent&) override {
    clock_->advance(std::chrono::milliseconds(100));
  }

 private:
  std::shared_ptr<FakeClock> clock_;
  std::chrono::milliseconds update_;
  std::int64_t stop_at_;
};

class Speed : public ::testing::Test {
 protected:
  TrainerOptions options(std::chrono::milliseconds update, std::int64_t stop_at = -1) const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "out",
                     .per_device_train_batch_size = 4,
                     .max_steps = 3,
                     .logging_steps = 1,
                     .disable_tqdm = true,
                     .per_device_eval_batch_size = 4,
                     .save_strategy = SaveStrategy::no},
            .train_dataset = tiny_dataset(16),
            .eval_dataset = tiny_dataset(10),
            .callbacks = {std::make_shared<TimePasses>(clock_, update, stop_at)},
            .clock = clock_};
  }

  TempDir folder_;
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
};

// As transformers 5.12 `speed_metrics`: planned samples and updates, 4 and 3 decimals.
TEST_F(Speed, OfTrainingCountsWhatWasPlannedEvenWhereItStopsEarly) {
  const Metrics whole = Trainer(options(std::chrono::milliseconds(333))).train().metrics;
  EXPECT_EQ(whole.at("train_runtime"), 0.999);
  EXPECT_EQ(whole.at("train_samples_per_second"), 12.012);
  EXPECT_EQ(whole.at("train_steps_per_second"), 3.003);
  const Metrics stopped = Trainer(options(std::chrono::milliseconds(500), 1)).train().metrics;
  EXPECT_EQ(stopped.at("train_runtime"), 0.5);
  EXPECT_EQ(stopped.at("train_samples_per_second"), 24);
  EXPECT_EQ(stopped.at("train_steps_per_second"), 6);
}

TEST_F(Speed, HasNoRatesWhereNoTimePassed) {
  const Metrics metrics = Trainer(options(std::chrono::milliseconds(0))).train().metrics;
  EXPECT_EQ(metrics.at("train_runtime"), 0);
  EXPECT_FALSE(metrics.get("train_samples_per_second"));
  EXPECT_FALSE(metrics.get("train_steps_per_second"));
}

TEST_F(Speed, OfAnEvaluationCountsSamplesAndStartedBatches) {
  const Metrics metrics = Trainer(options(std::chrono::milliseconds(0))).evaluate();
  EXPECT_EQ(metrics.at("eval_runtime"), 0.3);
  EXPECT_EQ(metrics.at("eval_samples_per_second"), 33.333);
  EXPECT_EQ(metrics.at("eval_steps_per_second"), 10);
}

TEST_F(Speed, OfTokensCountsThisSessionOnly) {
  class Rows final : public testing::TinyModelForImageClassification {
   public:
    using testing::TinyModelForImageClassification::TinyModelForImageClassification;
    std::string main_input_name() const override { return "pixel_values"; }
  };
  testing::TinyConfig config;
  config.model_type = "tiny";
  const auto run = [&](std::optional<std::string> from) {
    TrainerOptions o = options(std::chrono::milliseconds(500));
    o.model = std::make_shared<Rows>(config);
    o.args.include_num_input_tokens_seen = InputTokensSeen::all;
    o.args.save_strategy = SaveStrategy::steps;
    o.args.save_steps = 2;
    Trainer trainer(std::move(o));
    trainer.train({.resume_from_checkpoint = std::move(from)});
    return trainer.state().log_history.at(2);  // of update 3
  };
  const LogRow straight = run(std::nullopt);
  EXPECT_EQ(number_of(straight, "num_input_tokens_seen"), 3 * 4 * 6);
  EXPECT_EQ(number_of(straight, "train_tokens_per_second"), 48);
  const LogRow resumed = run((folder_ / "out/checkpoint-2").string());
  EXPECT_EQ(number_of(resumed, "num_input_tokens_seen"), 3 * 4 * 6);
  EXPECT_EQ(number_of(resumed, "train_tokens_per_second"), 48);
  EXPECT_EQ(number_of(resumed, "train_runtime"), 0.5);
}

}  // namespace
}  // namespace torchhub
