// What fp16 makes of a run: a scaled loss, updates that are left out, scaler.pt. GradScaler itself
// is held against Python's in tests/training/grad_scaler_test.cpp.
#include "support/logged_values.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <utility>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::tiny_dataset;

/// The gradients of one update are finite, but not times a scale of 65536.
class Overflows final : public PreTrainedModel {
 public:
  Overflows(const testing::TinyConfig& config, int at_pass)
      : PreTrainedModel(config),
        at_pass_(at_pass),
        weight_(register_parameter("weight", torch::ones({config.features}))) {}
  ModelOutput forward(const Batch& batch) override {
    const torch::Tensor scores = batch.at("pixel_values") * weight_;
    const double factor = ++passes_ == at_pass_ ? 1e36 : 1;
    return {.loss = (scores * scores).mean() * factor, .logits = scores};
  }

 private:
  int at_pass_;
  int passes_ = 0;
  torch::Tensor weight_;
};

/// Without autocast: LibTorch 1.13 has none to float16 on a CPU. Backward pass and step are the
/// Trainer's own.
class WithoutAutocast final : public Trainer {
 public:
  using Trainer::Trainer;

 protected:
  ModelOutput compute_loss(const Batch& inputs, const UpdateExtent&) override {
    return model().forward(inputs);
  }
};

/// The weights after each update.
class Weights final : public TrainerCallback {
 public:
  std::string name() const override { return "Weights"; }
  void on_step_end(const TrainerEvent& event) override {
    after.push_back(event.model.parameters().front().detach().clone());
  }
  std::vector<torch::Tensor> after;
};

class Fp16 : public ::testing::Test {
 protected:
  struct Run {
    std::vector<torch::Tensor> weights;
    std::vector<LogRow> history;
  };

  /// Four updates on the CPU, each saved. @param overflow_at 0: never
  Run trained(const char* name, bool fp16, int overflow_at, std::optional<fs::path> from = {}) {
    testing::TinyConfig config;
    config.model_type = "tiny";
    const auto weights = std::make_shared<Weights>();
    WithoutAutocast trainer({.model = std::make_shared<Overflows>(config, overflow_at),
                             .args = {.output_dir = folder_ / name,
                                      .per_device_train_batch_size = 4,
                                      .max_steps = 4,
                                      .learning_rate = 0.1,
                                      .optim = OptimizerName::sgd,
                                      .logging_steps = 1,
                                      .disable_tqdm = true,
                                      .save_steps = 1,
                                      .use_cpu = true},
                             .train_dataset = tiny_dataset(16),
                             .callbacks = {weights}});
    // The Trainer refuses fp16 on a CPU, but what it does with it is the same on all devices.
    const_cast<TrainingArguments&>(trainer.args()).fp16 = fp16;
    trainer.train({.resume_from_checkpoint = from ? std::optional(from->string()) : std::nullopt});
    return {std::move(weights->after), trainer.state().log_history};
  }

  GradScalerState saved(const char* name, int step) const {
    GradScaler scaler({.init_scale = 1});
    load_scaler(scaler, checkpoint(name, step) / "scaler.pt");
    return scaler.state();
  }
  fs::path checkpoint(const char* name, int step) const {
    return folder_ / name / checkpoint_name(step);
  }

  TempDir folder_;
};

TEST_F(Fp16, LeavesOutTheUpdateThatOverflowsAndItsRate) {
  const Run run = trained("out", true, 2);
  ASSERT_EQ(run.weights.size(), 4U) << "it counts as an update";
  EXPECT_TRUE(torch::equal(run.weights[0], run.weights[1]));
  EXPECT_FALSE(torch::equal(run.weights[1], run.weights[2]));
  const std::vector<double> rates = testing::logged_values(run.history, "learning_rate");
  ASSERT_EQ(rates.size(), 4U);
  for (const auto& [i, rate] : {std::pair{0U, 0.1}, {1U, 0.075}, {2U, 0.075}, {3U, 0.05}}) {
    EXPECT_DOUBLE_EQ(rates[i], rate) << i;
  }
}

TEST_F(Fp16, HalvesTheScaleAfterItAndKeepsItInTheCheckpoint) {
  trained("out", true, 2);
  EXPECT_EQ(saved("out", 1), (GradScalerState{.scale = 65536, .growth_tracker = 1}));
  EXPECT_EQ(saved("out", 2), (GradScalerState{.scale = 32768, .growth_tracker = 0}));
  EXPECT_EQ(saved("out", 4), (GradScalerState{.scale = 32768, .growth_tracker = 2}));
}

TEST_F(Fp16, GoesOnWithTheScaleOfTheCheckpoint) {
  const Run straight = trained("straight", true, 2);
  const Run resumed = trained("resumed", true, 0, checkpoint("straight", 3));
  EXPECT_EQ(saved("resumed", 4), saved("straight", 4));
  ASSERT_EQ(resumed.weights.size(), 1U);
  EXPECT_TRUE(torch::equal(resumed.weights.back(), straight.weights.back()));
}

TEST_F(Fp16, ClipsAndStepsWithGradientsThatAreNoLongerScaled) {
  const Run scaled = trained("scaled", true, 0);
  const Run plain = trained("plain", false, 0);
  EXPECT_FALSE(fs::exists(checkpoint("plain", 1) / "scaler.pt"));
  EXPECT_TRUE(fs::exists(checkpoint("scaled", 1) / "scaler.pt"));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(torch::equal(scaled.weights[i], plain.weights[i])) << "a power of two rounds not";
    EXPECT_EQ(number_of(scaled.history[i], "grad_norm"), number_of(plain.history[i], "grad_norm"));
    EXPECT_EQ(number_of(scaled.history[i], "loss"), number_of(plain.history[i], "loss"));
  }
}

}  // namespace
}  // namespace torchhub
