// Arguments that change what a run does, one test each.
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

class Choices : public ::testing::Test {
 protected:
  TrainingArguments arguments() const {
    return {.output_dir = folder_ / "out",
            .per_device_train_batch_size = 4,
            .max_steps = 4,
            .logging_steps = 1,
            .save_strategy = SaveStrategy::no,
            .disable_tqdm = true};
  }

  TempDir folder_;
};

TEST_F(Choices, EvalOnStartEvaluatesBeforeTheFirstUpdate) {
  TrainingArguments args = arguments();
  args.eval_on_start = true;
  Trainer trainer({.model = tiny_model(),
                   .args = args,
                   .train_dataset = tiny_dataset(16),
                   .eval_dataset = tiny_dataset(8)});
  trainer.train();
  const LogRow& first = trainer.state().log_history.at(0);
  EXPECT_TRUE(number_of(first, "eval_loss"));
  EXPECT_EQ(number_of(first, "step"), 0);
}

TEST_F(Choices, SaveOnlyModelLeavesOutWhatOnlyAResumeNeeds) {
  TrainingArguments args = arguments();
  args.save_strategy = SaveStrategy::steps;
  args.save_steps = 4;
  args.save_only_model = true;
  Trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)}).train();
  const fs::path checkpoint = folder_ / "out/checkpoint-4";
  EXPECT_TRUE(fs::exists(checkpoint / "model.safetensors"));
  EXPECT_TRUE(fs::exists(checkpoint / "trainer_state.json"));
  for (const char* file : {"optimizer.pt", "scheduler.pt", "rng_state.pth"}) {
    EXPECT_FALSE(fs::exists(checkpoint / file)) << file;
  }
}

TEST_F(Choices, IgnoreDataSkipBeginsTheEpochAgain) {
  TrainingArguments args = arguments();  // 4 updates are one epoch
  args.save_strategy = SaveStrategy::steps;
  args.save_steps = 3;
  Trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)}).train();
  const auto epoch_at_step_4 = [&](bool ignore) {
    args.ignore_data_skip = ignore;
    args.save_strategy = SaveStrategy::no;
    Trainer trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)});
    trainer.train({.resume_from_checkpoint = (folder_ / "out/checkpoint-3").string()});
    return number_of(trainer.state().log_history.at(3), "epoch");
  };
  EXPECT_EQ(epoch_at_step_4(false), 1.0);  // after its last batch
  EXPECT_EQ(epoch_at_step_4(true), 0.25);  // after its first
}

/// Its loss is NaN at the second forward pass.
class NanOnce : public PreTrainedModel {
 public:
  explicit NanOnce(const testing::TinyConfig& config)
      : PreTrainedModel(config),
        linear_(register_module("linear", torch::nn::Linear(config.features, config.classes))) {}
  ModelOutput forward(const Batch& batch) override {
    ModelOutput output{.logits = linear_->forward(batch.at("pixel_values"))};
    output.loss = torch::nn::functional::cross_entropy(output.logits, batch.at("labels"));
    if (++passes_ == 2) output.loss = output.loss.detach() * NAN + 0 * output.loss;
    return output;
  }

 private:
  torch::nn::Linear linear_;
  int passes_ = 0;
};

TEST_F(Choices, NanInfFilterLogsTheMeanSoFarInItsPlace) {
  const auto second_loss = [&](bool filter) {
    testing::TinyConfig config;
    config.model_type = "tiny";
    TrainingArguments args = arguments();
    args.logging_nan_inf_filter = filter;
    args.max_steps = 2;
    Trainer trainer({.model = std::make_shared<NanOnce>(config),
                     .args = args,
                     .train_dataset = tiny_dataset(16)});
    trainer.train();
    return *number_of(trainer.state().log_history.at(1), "loss");
  };
  EXPECT_TRUE(std::isnan(second_loss(false)));
  EXPECT_TRUE(std::isfinite(second_loss(true)));
}

TEST_F(Choices, TheReportTellsHowLongSavesHeldTrainingUp) {
  TrainingArguments args = arguments();
  args.save_strategy = SaveStrategy::steps;
  args.save_steps = 2;
  const TrainOutput out =
      Trainer({.model = tiny_model(), .args = args, .train_dataset = tiny_dataset(16)}).train();
  EXPECT_EQ(out.saves, 2);
  EXPECT_GT(out.save_stall_seconds, 0);
  EXPECT_NE(out.full_report().find(
                fmt::format("save stall: {:.3f} s for 2 checkpoint(s)", out.save_stall_seconds)),
            std::string::npos)
      << out.full_report();
}

}  // namespace
}  // namespace torchhub
