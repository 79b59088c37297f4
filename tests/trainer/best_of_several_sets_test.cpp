// metric_for_best_model where there are several evaluation sets: that of one of them.
#include "support/logged_values.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;

/// One number, whose loss is how far it is from those of the samples, squared.
class Guess final : public PreTrainedModel {
 public:
  explicit Guess(const testing::TinyConfig& config)
      : PreTrainedModel(config), number_(register_parameter("number", torch::zeros({1}))) {}
  ModelOutput forward(const Batch& batch) override {
    const torch::Tensor& labels = batch.at("labels");
    const torch::Tensor guesses = number_.expand_as(labels);
    return {.loss = (guesses - labels).square().mean(), .logits = guesses};
  }

 private:
  torch::Tensor number_;
};

std::shared_ptr<TensorDataset> samples_of(float number) {
  return std::make_shared<TensorDataset>(Batch{{"labels", torch::full({4}, number)}});
}

/// Six updates from 0 towards 3, a quarter of the way each: 0.75, 1.3125, 1.734375, 2.05078125,
/// 2.2880859375, 2.466064453125. The set `near` is at 1.25, which the second update comes closest
/// to; the set `far` is at 3.
class BestOfSeveralSets : public ::testing::Test {
 protected:
  TrainerOptions options(const std::string& metric) const {
    testing::TinyConfig config;
    config.model_type = "tiny";
    return {.model = std::make_shared<Guess>(config),
            .args = {.output_dir = folder_ / "out",
                     .per_device_train_batch_size = 4,
                     .max_steps = 6,
                     .learning_rate = 0.125,
                     .lr_scheduler_type = SchedulerType::constant,
                     .optim = OptimizerName::sgd,
                     .max_grad_norm = 0,
                     .disable_tqdm = true,
                     .eval_strategy = IntervalStrategy::steps,
                     .eval_steps = 1,
                     .save_steps = 1,
                     .load_best_model_at_end = true,
                     .metric_for_best_model = metric},
            .train_dataset = samples_of(3),
            .eval_datasets = {{"far", samples_of(3)}, {"near", samples_of(1.25F)}}};
  }

  TempDir folder_;
};

TEST_F(BestOfSeveralSets, IsThatOfTheSetWhichTheMetricNames) {
  struct Case {
    const char* metric;
    const char* key;
    std::int64_t best_step;
    float number;
  };
  for (const Case& each : {Case{"eval_near_loss", "eval_near_loss", 2, 1.3125F},
                           Case{"near_loss", "eval_near_loss", 2, 1.3125F},
                           Case{"eval_far_loss", "eval_far_loss", 6, 2.466064453125F}}) {
    SCOPED_TRACE(each.metric);
    std::filesystem::remove_all(folder_ / "out");
    Trainer trainer(options(each.metric));
    trainer.train();
    const TrainerState& state = trainer.state();
    const std::vector<double> losses = testing::logged_values(state.log_history, each.key);
    ASSERT_EQ(losses.size(), 6U);
    EXPECT_EQ(state.best_global_step, each.best_step);
    EXPECT_EQ(state.best_metric, losses[static_cast<std::size_t>(each.best_step - 1)]);
    EXPECT_EQ(state.best_model_checkpoint,
              (folder_ / "out" / checkpoint_name(each.best_step)).string());
    EXPECT_EQ(trainer.model().parameters().front().item<float>(), each.number)
        << "the weights that came back at the end";
  }
}

TEST_F(BestOfSeveralSets, AloneIsSavedByStrategyBest) {
  TrainerOptions o = options("eval_near_loss");
  o.args.save_strategy = SaveStrategy::best;
  Trainer(std::move(o)).train();
  EXPECT_EQ(complete_checkpoints(folder_ / "out"), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(BestOfSeveralSets, EndsTrainingEarlyWhenItStopsImproving) {
  TrainerOptions o = options("eval_near_loss");
  o.callbacks = {
      std::make_shared<EarlyStoppingCallback>(EarlyStoppingOptions{.early_stopping_patience = 2})};
  EXPECT_EQ(Trainer(std::move(o)).train().global_step, 4) << "though the other set improves";
}

TEST_F(BestOfSeveralSets, NamesTheMetricsOfAllSetsWhereItsOwnIsMissing) {
  Trainer trainer(options("eval_loss"));
  const std::string said = message_of<InvalidArgumentError>([&] { trainer.train(); });
  EXPECT_NE(said.find("There is no metric 'eval_loss'; there are: eval_far_loss, "),
            std::string::npos)
      << said;
  EXPECT_NE(said.find(", eval_near_loss, "), std::string::npos) << said;
}

}  // namespace
}  // namespace torchhub
