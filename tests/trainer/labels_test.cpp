// Which columns of a batch are labels.
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;
using Names = std::vector<std::string>;

TrainingArguments arguments(const std::filesystem::path& output_dir) {
  return {.output_dir = output_dir,
          .per_device_train_batch_size = 4,
          .num_train_epochs = 1,
          .disable_tqdm = true,
          .per_device_eval_batch_size = 4,
          .save_strategy = SaveStrategy::no};
}

/// Classes under "target" and perhaps "second"; names neither of them.
class ScoresTargets final : public PreTrainedModel {
 public:
  explicit ScoresTargets(const testing::TinyConfig& config)
      : PreTrainedModel(config), linear_(register_module("linear", torch::nn::Linear(6, 3))) {}
  std::vector<std::string> forward_arguments() const override { return {"pixel_values"}; }
  ModelOutput forward(const Batch& batch) override {
    ModelOutput output{.logits = linear_->forward(batch.at("pixel_values"))};
    for (const char* name : {"target", "second"}) {
      if (!batch.contains(name)) continue;
      const auto loss = torch::nn::functional::cross_entropy(output.logits, batch.at(name));
      output.loss = output.loss.defined() ? output.loss + loss : loss;
    }
    return output;
  }

 private:
  torch::nn::Linear linear_;
};

class LabelNames : public ::testing::Test {
 protected:
  Trainer trainer(std::optional<std::vector<std::string>> names) const {
    testing::TinyConfig config;
    config.model_type = "tiny";
    TrainingArguments args = arguments(folder_ / "out");
    args.label_names = std::move(names);
    return Trainer({.model = std::make_shared<ScoresTargets>(config),
                    .args = args,
                    .train_dataset = data_,
                    .eval_dataset = data_});
  }

  TempDir folder_;
  torch::Tensor target_ = torch::arange(8).remainder(3);
  torch::Tensor second_ = torch::arange(8).remainder(2);
  std::shared_ptr<TensorDataset> data_ = std::make_shared<TensorDataset>(
      Batch{{"pixel_values", torch::randn({8, 6})}, {"target", target_}, {"second", second_}});
};

TEST_F(LabelNames, MakeAColumnTheLabels) {
  Trainer one = trainer({{"target"}});
  EXPECT_TRUE(one.evaluate().get("eval_loss"));
  EXPECT_TRUE(torch::equal(one.predict(data_).label_ids, target_));
  EXPECT_EQ(one.train().global_step, 2);
  Trainer none = trainer(std::nullopt);
  EXPECT_FALSE(none.evaluate().get("eval_loss")) << "the column is not the model's";
  EXPECT_NE(message_of<InvalidArgumentError>([&] { none.train(); }).find("its batches have: pix"),
            std::string::npos);
}

TEST_F(LabelNames, StandSideBySideWhereThereAreSeveral) {
  Trainer both = trainer({{"target", "second"}});
  EXPECT_TRUE(
      torch::equal(both.predict(data_).label_ids, torch::stack({target_, second_}, /*dim=*/-1)));
  EXPECT_GT(both.evaluate().at("eval_loss"), trainer({{"target"}}).evaluate().at("eval_loss"));
}

TEST_F(LabelNames, AreNoLabelsWhereOneOfThemIsMissing) {  // as in Python
  Trainer lacking = trainer({{"target", "third"}});
  EXPECT_FALSE(lacking.evaluate().get("eval_loss"));
  EXPECT_FALSE(lacking.predict(data_).label_ids.defined());
}

/// Names arguments and itself as it is told, and has no loss of its own if so asked.
class NamedModel final : public PreTrainedModel {
 public:
  NamedModel(std::string name, Names arguments, bool loses = true)
      : PreTrainedModel(testing::TinyConfig()),
        name_(std::move(name)),
        arguments_(std::move(arguments)),
        loses_(loses),
        linear_(register_module("linear", torch::nn::Linear(2, 3))) {}

  std::string class_name() const override { return name_; }
  Names forward_arguments() const override { return arguments_; }
  ModelOutput forward(const Batch& batch) override {
    const torch::Tensor logits = linear_->forward(batch.at("x"));
    ModelOutput output{.logits = logits, .extra = {{"hidden_states", batch.at("x")}}};
    if (loses_) output.loss = logits.pow(2).mean();
    return output;
  }

 private:
  std::string name_;
  Names arguments_;
  bool loses_;
  torch::nn::Linear linear_;
};

/// Four samples with labels of every name, each with numbers of its own.
std::shared_ptr<TensorDataset> labelled() {
  const torch::Tensor ones = torch::ones({4}, torch::kInt64);
  return std::make_shared<TensorDataset>(
      Batch{{"x", torch::arange(8).view({4, 2}).to(torch::kFloat)},
            {"labels", ones},
            {"start_positions", ones * 2},
            {"end_positions", ones * 3},
            {"next_sentence_label", ones * 4},
            {"mc_labels", torch::ones({4, 2}, torch::kInt64) * 5}});
}

class NamedLabels : public ::testing::Test {
 protected:
  TempDir folder_;
};

// What transformers' find_labels makes of these signatures.
TEST_F(NamedLabels, AreThoseThatForwardNames) {
  struct Case {
    const char* class_name;
    Names forward;
    std::vector<std::int64_t> first_labels;  ///< Of the first sample; empty: no labels, no loss.
  };
  const Case cases[] = {
      {"Net", {}, {1}},
      {"Net", {"x"}, {1}},  // it reads some all the same, or there is no loss
      {"Net", {"x", "labels"}, {1}},
      {"Net", {"x", "next_sentence_label"}, {4}},
      {"Net", {"x", "labels", "next_sentence_label"}, {1, 4}},
      {"Net", {"x", "labels", "start_positions", "end_positions"}, {1}},
      {"NetForQuestionAnswering", {"x", "start_positions", "end_positions"}, {2, 3}},
      {"NetForQuestionAnswering", {"x", "start_positions", "labels", "end_positions"}, {2, 1, 3}},
      {"Net", {"x", "labels", "mc_labels"}, {1}},  // of several shapes: the usual ones
      {"Net", {"x", "mc_labels", "next_sentence_label"}, {5, 5}},
      {"Net", {"x", "labels", "missing_labels"}, {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.class_name) + " " + nlohmann::json(c.forward).dump());
    Trainer trainer({.model = std::make_shared<NamedModel>(c.class_name, c.forward),
                     .args = arguments(folder_ / "out")});
    const PredictionOutput out = trainer.predict(labelled());
    EXPECT_EQ(out.metrics.get("test_loss").has_value(), !c.first_labels.empty());
    ASSERT_EQ(out.label_ids.defined(), !c.first_labels.empty());
    if (c.first_labels.empty()) continue;
    EXPECT_TRUE(torch::equal(out.label_ids[0].flatten(), torch::tensor(c.first_labels)))
        << out.label_ids;
  }
}

TEST_F(NamedLabels, AreThoseOfTheArgumentsFirst) {
  TrainingArguments args = arguments(folder_ / "out");
  args.label_names = Names{"end_positions"};
  Trainer trainer(
      {.model = std::make_shared<NamedModel>("Net", Names{"x", "labels"}), .args = args});
  EXPECT_TRUE(
      torch::equal(trainer.predict(labelled()).label_ids, torch::full({4}, 3, torch::kInt64)));
  args.label_names = Names{};
  Trainer none({.model = std::make_shared<NamedModel>("Net", Names{"x", "labels"}), .args = args});
  EXPECT_FALSE(none.predict(labelled()).label_ids.defined());
}

}  // namespace
}  // namespace torchhub
