// What an evaluation keeps of its batches, where, and in which type its weights are.
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;

/// What was there after each batch.
class AfterEachBatch final : public TrainerCallback {
 public:
  explicit AfterEachBatch(std::function<int()> count = [] { return 0; })
      : count_(std::move(count)) {}
  std::string name() const override { return "AfterEachBatch"; }
  void on_prediction_step(const TrainerEvent&) override { counts.push_back(count_()); }
  std::vector<int> counts;

 private:
  std::function<int()> count_;
};

class EvaluationMemory : public ::testing::Test {
 protected:
  TrainerOptions options() const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "out",
                     .per_device_train_batch_size = 4,
                     .max_steps = 2,
                     .disable_tqdm = true,
                     .eval_strategy = IntervalStrategy::steps,
                     .per_device_eval_batch_size = 4,
                     .save_strategy = SaveStrategy::no,
                     .use_cpu = true},
            .train_dataset = tiny_dataset(16),
            .eval_dataset = tiny_dataset(32)};
  }
  TempDir folder_;
};

/// Predictions that count themselves as long as anybody keeps them.
PreprocessLogits counting(const std::shared_ptr<int>& alive) {
  return [alive](const at::Tensor& logits, const at::Tensor&) {
    const auto data = std::make_shared<torch::Tensor>(logits.clone());
    ++*alive;
    return torch::from_blob(
        data->data_ptr(), logits.sizes(), [data, alive](void*) { --*alive; }, logits.options());
  };
}

// TD-10: Python keeps all logits until the end.
TEST_F(EvaluationMemory, StreamingMetricsKeepNoPredictionsHoweverManyBatches) {
  const auto kept = [&](bool streaming) {
    const auto alive = std::make_shared<int>(0);
    const auto after = std::make_shared<AfterEachBatch>([alive] { return *alive; });
    TrainerOptions o = options();
    o.preprocess_logits_for_metrics = counting(alive);
    if (streaming) {
      o.streaming_metrics = {metrics::streaming_accuracy()};
    } else {
      o.compute_metrics = metrics::accuracy;
    }
    o.callbacks = {after};
    EXPECT_TRUE(Trainer(std::move(o)).evaluate().get("eval_accuracy"));
    EXPECT_EQ(*alive, 0) << "all are gone after it";
    return after->counts;
  };
  EXPECT_EQ(kept(true), std::vector<int>(8, 1)) << "that of the batch";
  EXPECT_EQ(kept(false), (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8})) << "what is kept is counted";
}

// A tensor on the meta device has no data that could go to host memory, so that the attempt shows.
TEST_F(EvaluationMemory, EvalAccumulationStepsSayWhenPredictionsGoToTheHost) {
  const auto batches_before_the_move = [&](std::optional<std::int64_t> steps) {
    const auto after = std::make_shared<AfterEachBatch>();
    TrainerOptions o = options();
    o.args.eval_accumulation_steps = steps;
    o.preprocess_logits_for_metrics = [](const at::Tensor& logits, const at::Tensor&) {
      return torch::empty(logits.sizes(), torch::TensorOptions(torch::kMeta));
    };
    o.compute_metrics = metrics::accuracy;
    o.callbacks = {after};
    Trainer trainer(std::move(o));
    EXPECT_THROW(trainer.evaluate(), c10::Error);
    return after->counts.size();
  };
  EXPECT_EQ(batches_before_the_move(1), 0U);
  EXPECT_EQ(batches_before_the_move(3), 2U) << "in the third, before its event";
  EXPECT_EQ(batches_before_the_move(std::nullopt), 8U) << "at the end";
}

/// Remembers the types of its weights; computes only what any of them can on a CPU. Its weight has
/// two names, as tied ones have.
class AnyType final : public PreTrainedModel {
 public:
  explicit AnyType(const testing::TinyConfig& config)
      : PreTrainedModel(config), weight_(register_parameter("weight", torch::full({6}, 0.1))) {
    register_parameter("tied", weight_);
  }
  ModelOutput forward(const Batch& batch) override {
    if (!is_training()) evaluated_in = weight_.scalar_type();
    const torch::Tensor logits = batch.at("pixel_values").to(weight_.scalar_type()) * weight_;
    return {.loss = logits.to(torch::kFloat32).square().mean(), .logits = logits};
  }
  torch::ScalarType evaluated_in = torch::kFloat64;

 private:
  torch::Tensor weight_;
};

TEST_F(EvaluationMemory, FullEvalTypesHoldOutsideOfTrainingOnly) {
  for (const auto type : {torch::kHalf, torch::kBFloat16, torch::kFloat32}) {
    SCOPED_TRACE(type);
    testing::TinyConfig config;
    config.model_type = "tiny";
    const auto model = std::make_shared<AnyType>(config);
    TrainerOptions o = options();
    o.model = model;
    o.args.fp16_full_eval = type == torch::kHalf;
    o.args.bf16_full_eval = type == torch::kBFloat16;
    Trainer trainer(std::move(o));
    EXPECT_EQ(trainer.predict(tiny_dataset(4)).predictions.scalar_type(), type);
    EXPECT_EQ(model->evaluated_in, type);
    EXPECT_EQ(model->parameters().front().scalar_type(), torch::kFloat32);
    EXPECT_TRUE(torch::equal(model->parameters().front(), torch::full({6}, 0.1)))
        << "the weights themselves, not rounded ones";
    trainer.train();
    EXPECT_EQ(model->evaluated_in, torch::kFloat32);
  }
}

}  // namespace
}  // namespace torchhub
