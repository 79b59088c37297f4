// What an update's gradients are a mean of, with micro-batches, and noise and types on the way.
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "support/token_classifier.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::tiny_dataset;

/// How a model of tokens treats "num_items_in_batch".
enum class Declares { nothing, items };

/// Says whether it counts, remembers what it saw, and takes noise on its embeddings.
class TokenModel final : public testing::TokenClassifier {
 public:
  TokenModel(const testing::TinyConfig& config, Declares declares)
      : TokenClassifier(config), declares_(declares) {}

  bool accepts_num_items_in_batch() const override { return declares_ == Declares::items; }
  std::vector<std::string> forward_arguments() const override { return {"input_ids"}; }

  ModelOutput forward(const Batch& batch) override {
    seen = names_of(batch);
    return TokenClassifier::forward(batch);
  }

  std::vector<std::string> seen;
  torch::Tensor last_embeddings;

 private:
  static std::vector<std::string> names_of(const Batch& batch) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : batch) names.push_back(name);
    return names;
  }
  torch::Tensor embedded(const torch::Tensor& ids) override {
    last_embeddings = neftune(TokenClassifier::embedded(ids));
    return last_embeddings;
  }

  Declares declares_;
};

std::shared_ptr<TokenModel> token_model(Declares declares) {
  torch::manual_seed(5);
  testing::TinyConfig config;
  config.model_type = "tiny";
  return std::make_shared<TokenModel>(config, declares);
}

/// Eight rows of six tokens, in which row i has i + 1 labels at most.
std::shared_ptr<TensorDataset> token_dataset() {
  const auto generator = at::detail::createCPUGenerator(3);
  const torch::Tensor ids = torch::randint(5, {8, 6}, generator, torch::kInt64);
  torch::Tensor labels = ids.remainder(3);
  for (std::int64_t row = 0; row < 8; ++row)
    labels[row].slice(0, std::min<std::int64_t>(row + 1, 6)).fill_(-100);
  return std::make_shared<TensorDataset>(
      Batch{{"input_ids", ids}, {"labels", labels}, {"comment", torch::zeros({8})}});
}

class LossContract : public ::testing::Test {
 protected:
  TrainingArguments arguments(std::int64_t batch, std::int64_t accumulation) const {
    return {.output_dir = folder_ / "out",
            .per_device_train_batch_size = batch,
            .max_steps = 1,
            .learning_rate = 0.1,
            .optim = OptimizerName::sgd,
            .gradient_accumulation_steps = accumulation,
            .max_grad_norm = 0,
            .logging_steps = 1,
            .disable_tqdm = true,
            .save_strategy = SaveStrategy::no};
  }

  struct Result {
    double loss = 0;
    double grad_norm = 0;
    std::shared_ptr<TokenModel> model;
  };
  Result update(Declares declares, TrainingArguments args, ComputeLoss loss = {}) {
    auto model = token_model(declares);
    Trainer trainer({.model = model,
                     .args = std::move(args),
                     .train_dataset = token_dataset(),
                     .compute_loss_func = std::move(loss)});
    trainer.train();
    const LogRow& row = trainer.state().log_history.at(0);
    return {*number_of(row, "loss"), *number_of(row, "grad_norm"), model};
  }

  static void expect_same(const Result& a, const Result& b) {
    EXPECT_NEAR(a.loss, b.loss, 1e-6);
    EXPECT_NEAR(a.grad_norm, b.grad_norm, 1e-6);
    const auto left = a.model->parameters();
    const auto right = b.model->parameters();
    for (std::size_t i = 0; i < left.size(); ++i) {
      EXPECT_TRUE(torch::allclose(left[i], right[i], 0, 1e-6)) << i;
    }
  }

  TempDir folder_;
};

// The property of the spec: unequal numbers of tokens, the model divides by those of the update.
TEST_F(LossContract, MicroBatchesAddUpToOneLargeBatchWhereTheModelCountsItems) {
  expect_same(update(Declares::items, arguments(8, 1)), update(Declares::items, arguments(2, 4)));
}

// TD-2: a model that says nothing is divided by the number of micro-batches.
TEST_F(LossContract, AModelThatSaysNothingGetsNoCountAndIsDivided) {
  const Result parts = update(Declares::nothing, arguments(2, 4));
  EXPECT_EQ(parts.model->seen, (std::vector<std::string>{"input_ids", "labels"}));

  const auto model = token_model(Declares::nothing);
  const std::vector<std::int64_t> order = RandomSampler(8, TrainingArguments{}.seed).order(0);
  double loss = 0;
  for (std::size_t i = 0; i < 8; i += 2) {
    const Batch rows = *token_dataset()->get_batch(std::vector{order[i], order[i + 1]});
    const torch::Tensor part = model->forward(rows).loss / 4;
    part.backward();
    loss += part.item<double>();
  }
  EXPECT_NEAR(parts.loss, loss, 1e-6);
  EXPECT_NEAR(parts.grad_norm, torch::nn::utils::clip_grad_norm_(model->parameters(), 1e9), 1e-6);
}

TEST_F(LossContract, LabelSmoothingAddsUpWhateverTheModelSays) {
  for (const Declares declares : {Declares::nothing, Declares::items}) {
    TrainingArguments whole = arguments(8, 1);
    TrainingArguments parts = arguments(2, 4);
    whole.label_smoothing_factor = parts.label_smoothing_factor = 0.1;
    expect_same(update(declares, whole), update(declares, parts));
  }
}

TEST_F(LossContract, LabelSmoothingIsOffWhereLabelsAreNoClasses) {
  const auto loss = [&](double smoothing) {
    auto model = token_model(Declares::nothing);
    model->config().problem_type = ProblemType::multi_label_classification;
    TrainingArguments args = arguments(8, 1);
    args.label_smoothing_factor = smoothing;
    Trainer trainer({.model = model, .args = args, .train_dataset = token_dataset()});
    trainer.train();
    return *number_of(trainer.state().log_history.at(0), "loss");
  };
  EXPECT_EQ(loss(0.5), loss(0));
}

/// Reads spans, as Python's models of that name do.
class SpansForQuestionAnswering final : public PreTrainedModel {
 public:
  explicit SpansForQuestionAnswering(const testing::TinyConfig& config)
      : PreTrainedModel(config), linear_(register_module("linear", torch::nn::Linear(6, 2))) {}
  std::string class_name() const override { return "SpansForQuestionAnswering"; }
  std::vector<std::string> forward_arguments() const override {
    return {"pixel_values", "start_positions", "end_positions"};
  }
  ModelOutput forward(const Batch& batch) override {
    ModelOutput output{.logits = linear_->forward(batch.at("pixel_values"))};
    if (batch.contains("end_positions")) output.loss = output.logits.pow(2).mean();
    return output;
  }

 private:
  torch::nn::Linear linear_;
};

TEST_F(LossContract, FindsLabelsWhereTheModelReadsThem) {
  testing::TinyConfig config;
  config.model_type = "tiny";
  const torch::Tensor starts = torch::arange(4);
  const auto evaluate = [&](Batch columns) {
    columns["pixel_values"] = torch::ones({4, 6});
    at::Tensor seen;
    Trainer trainer({.model = std::make_shared<SpansForQuestionAnswering>(config),
                     .args = arguments(4, 1),
                     .eval_dataset = std::make_shared<TensorDataset>(std::move(columns)),
                     .compute_metrics = [&](const EvalPrediction& all) {
                       seen = all.label_ids;
                       return Metrics{};
                     }});
    const bool has_loss = trainer.evaluate().get("eval_loss").has_value();
    EXPECT_EQ(has_loss, seen.defined());
    return seen;
  };
  EXPECT_TRUE(torch::equal(evaluate({{"start_positions", starts}, {"end_positions", starts + 1}}),
                           torch::stack({starts, starts + 1}, 1)));
  EXPECT_FALSE(evaluate({{"start_positions", starts}}).defined());  // all of them, or none
}

TEST_F(LossContract, TheStepIsAsLongAsMaxGradNormAllows) {
  const auto step_of = [&](double max_grad_norm) {
    TrainingArguments args = arguments(8, 1);
    args.max_grad_norm = max_grad_norm;
    const Result after = update(Declares::nothing, args);
    EXPECT_GT(after.grad_norm, 0.01);  // as it was before clipping
    const auto before = token_model(Declares::nothing)->parameters();
    double squares = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      squares += (after.model->parameters()[i].cpu() - before[i]).square().sum().item<double>();
    }
    return std::pair(std::sqrt(squares) / args.learning_rate, after.grad_norm);
  };
  EXPECT_NEAR(step_of(0.01).first, 0.01, 1e-5);
  const auto [unclipped, norm] = step_of(100);
  EXPECT_NEAR(unclipped, norm, 1e-5);
}

TEST_F(LossContract, ShiftedLabelsOfTheBatchAreWhatIsCounted) {
  std::vector<std::int64_t> counts;
  TrainingArguments args = arguments(2, 2);
  args.remove_unused_columns = false;
  Trainer trainer(
      {.model = token_model(Declares::nothing),
       .args = args,
       .train_dataset = std::make_shared<TensorDataset>(
           Batch{{"input_ids", torch::ones({4, 3}, torch::kInt64)},
                 {"labels", torch::ones({4, 3}, torch::kInt64)},
                 {"shift_labels", torch::tensor({{1, 2, -100}}).expand({4, 3}).contiguous()}}),
       .compute_loss_func = [&](const ModelOutput& output, const at::Tensor&,
                                std::optional<std::int64_t> items) {
         counts.push_back(items.value());
         return output.logits.sum();
       }});
  trainer.train();
  EXPECT_EQ(counts, (std::vector<std::int64_t>{8, 8}));
}

TEST_F(LossContract, ABatchWithoutALabelThatCountsHasALossOfZero) {
  const auto none =
      std::make_shared<TensorDataset>(Batch{{"input_ids", torch::ones({4, 3}, torch::kInt64)},
                                            {"labels", torch::full({4, 3}, -100, torch::kInt64)}});
  Trainer trainer({.model = token_model(Declares::items),
                   .args = arguments(4, 1),
                   .train_dataset = none,
                   .eval_dataset = none});
  EXPECT_EQ(trainer.evaluate().at("eval_loss"), 0);
  EXPECT_EQ(trainer.train().training_loss, 0);
}

TEST_F(LossContract, AnOwnLossGetsTheCountOfTheUpdate) {
  const ComputeLoss sum = [](const ModelOutput& output, const at::Tensor& labels,
                             std::optional<std::int64_t> items) {
    namespace F = torch::nn::functional;
    return F::cross_entropy(
               output.logits.flatten(0, 1), labels.flatten(),
               F::CrossEntropyFuncOptions().ignore_index(-100).reduction(torch::kSum)) /
           static_cast<double>(items.value());
  };
  expect_same(update(Declares::nothing, arguments(8, 1), sum),
              update(Declares::nothing, arguments(2, 4), sum));
}

/// eval_loss of all eight rows in one batch, with a loss that args or `o` name.
double eval_loss(TrainerOptions o) {
  o.model = token_model(Declares::nothing);
  o.eval_dataset = token_dataset();
  o.args.per_device_eval_batch_size = 8;
  return Trainer(std::move(o)).evaluate().at("eval_loss");
}

// In Python evaluations go through compute_loss() too: what is watched is what is minimised.
TEST_F(LossContract, EvaluationsReportTheLossThatTrainingMinimises) {
  const TrainingArguments args = arguments(8, 1);
  const ComputeLoss items = [](const ModelOutput& output, const at::Tensor& labels,
                               std::optional<std::int64_t> count) {
    EXPECT_EQ(count, labels.ne(-100).sum().item<std::int64_t>());
    return output.logits.sum() * 0 + 7.0;
  };
  EXPECT_EQ(eval_loss({.args = args, .compute_loss_func = items}), 7.0);

  TrainingArguments smooth = args;
  smooth.label_smoothing_factor = 0.5;
  const torch::NoGradGuard no_grad;
  const auto model = token_model(Declares::nothing);
  const Batch rows = *token_dataset()->get_batch(std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7});
  const double smoothed =
      label_smoothed_loss(model->forward(rows).logits, rows.at("labels"), {.epsilon = 0.5})
          .item<double>();
  EXPECT_NEAR(eval_loss({.args = smooth}), smoothed, 1e-6);
  EXPECT_GT(std::abs(eval_loss({.args = args}) - smoothed), 1e-3);
}

TEST_F(LossContract, EvaluationsCallAnOverriddenComputeLoss) {
  class Doubled final : public Trainer {
   public:
    using Trainer::Trainer;

   protected:
    ModelOutput compute_loss(const Batch& inputs, const UpdateExtent& update) override {
      ModelOutput output = Trainer::compute_loss(inputs, update);
      output.loss = output.loss * 2;
      return output;
    }
  };
  TrainerOptions o{.model = token_model(Declares::nothing),
                   .args = arguments(8, 1),
                   .eval_dataset = token_dataset()};
  o.args.per_device_eval_batch_size = 8;
  const double plain = Trainer(o).evaluate().at("eval_loss");
  EXPECT_NEAR(Doubled(o).evaluate().at("eval_loss"), 2 * plain, 1e-6);
}

TEST_F(LossContract, DropsColumnsThatTheModelDoesNotRead) {
  EXPECT_EQ(update(Declares::nothing, arguments(8, 1)).model->seen,
            (std::vector<std::string>{"input_ids", "labels"}));
  TrainingArguments args = arguments(8, 1);
  args.remove_unused_columns = false;
  EXPECT_EQ(update(Declares::nothing, args).model->seen,
            (std::vector<std::string>{"comment", "input_ids", "labels"}));
}

/// Rows of one length whose comments have several.
class Commented final : public Dataset {
 public:
  std::int64_t size() const override { return 4; }
  Batch get(std::int64_t index) const override {
    Batch sample = token_dataset()->get(index);
    sample["comment"] = torch::zeros({index + 1});
    return sample;
  }
};

TEST_F(LossContract, DropsThemBeforeTheyAreCollated) {
  const auto data = std::make_shared<Commented>();
  for (const Collator& collator : {Collator(), Collator(default_data_collator)}) {
    auto model = token_model(Declares::nothing);
    Trainer trainer({.model = model,
                     .args = arguments(4, 1),
                     .train_dataset = data,
                     .eval_dataset = data,
                     .data_collator = collator});
    trainer.train();
    trainer.evaluate();
    EXPECT_EQ(model->seen, (std::vector<std::string>{"input_ids", "labels"}));
  }
  TrainingArguments all = arguments(4, 1);
  all.remove_unused_columns = false;
  Trainer trainer({.model = token_model(Declares::nothing), .args = all, .train_dataset = data});
  EXPECT_THROW(trainer.train(), DatasetError);  // which these cannot be
}

TEST_F(LossContract, TheModelGetsNoLabelsWhereItsLossIsNotTaken) {
  TrainingArguments smoothed = arguments(8, 1);
  smoothed.label_smoothing_factor = 0.1;
  EXPECT_EQ(update(Declares::nothing, smoothed).model->seen, std::vector<std::string>{"input_ids"});
  EXPECT_EQ(update(Declares::items, smoothed).model->seen,
            (std::vector<std::string>{"input_ids", "num_items_in_batch"}));
  const ComputeLoss own = [](const ModelOutput& output, const at::Tensor& labels,
                             std::optional<std::int64_t>) {
    return output.logits.sum() * static_cast<double>(labels.size(0));
  };
  EXPECT_EQ(update(Declares::nothing, arguments(8, 1), own).model->seen,
            std::vector<std::string>{"input_ids"});
}

TEST_F(LossContract, SmoothingTakesLabelsWhateverOtherColumnsAreCalledSo) {
  const auto loss = [&](std::optional<std::vector<std::string>> names) {
    TrainingArguments args = arguments(8, 1);
    args.label_smoothing_factor = 0.1;
    args.label_names = std::move(names);
    return update(Declares::nothing, args).loss;
  };
  EXPECT_NEAR(loss({{"labels", "next_sentence_label"}}), loss({{"labels", "comment"}}), 1e-6);
  EXPECT_NE(loss({{"labels", "comment"}}), update(Declares::nothing, arguments(8, 1)).loss);
}

TEST_F(LossContract, SmoothingLeavesLabelsOfOtherNamesToTheModel) {
  /// Places of answers, which are no classes of logits.
  class Answers final : public testing::TokenClassifier {
   public:
    using TokenClassifier::TokenClassifier;
    ModelOutput forward(const Batch& batch) override {
      ModelOutput output = TokenClassifier::forward(batch);
      output.loss = (output.logits.mean({1, 2}) - batch.at("start_positions")).square().mean();
      return output;
    }
  };
  testing::TinyConfig config;
  config.model_type = "tiny";
  const auto loss = [&](double smoothing) {
    torch::manual_seed(5);
    TrainingArguments args = arguments(4, 1);
    args.label_names = {"start_positions"};
    args.label_smoothing_factor = smoothing;
    Trainer trainer({.model = std::make_shared<Answers>(config),
                     .args = args,
                     .train_dataset = std::make_shared<TensorDataset>(
                         Batch{{"input_ids", torch::ones({4, 3}, torch::kInt64)},
                               {"start_positions", torch::ones({4})}})});
    trainer.train();
    return number_of(trainer.state().log_history.at(0), "loss");
  };
  EXPECT_EQ(loss(0.1), loss(0));
}

TEST_F(LossContract, NeftuneAddsBoundedNoiseWhileTraining) {
  const auto embeddings = [&](std::optional<double> alpha) {
    TrainingArguments args = arguments(8, 1);
    args.learning_rate = 0;
    args.neftune_noise_alpha = alpha;
    return update(Declares::nothing, args).model->last_embeddings;
  };
  const torch::Tensor noise = embeddings(5.0) - embeddings(std::nullopt);
  const double bound = 5.0 / std::sqrt(6 * 4);
  EXPECT_LE(noise.abs().max().item<double>(), bound + 1e-6);
  EXPECT_GT(noise.abs().max().item<double>(), bound * 0.9);
  EXPECT_NEAR(noise.mean().item<double>(), 0, bound * 0.2);
  auto model = token_model(Declares::nothing);
  model->train();
  EXPECT_TRUE(torch::equal(model->neftune(torch::ones({1, 2, 3})), torch::ones({1, 2, 3})));
}

TEST_F(LossContract, NeftuneIsOffAfterTraining) {
  TrainingArguments args = arguments(8, 1);
  args.neftune_noise_alpha = 5;
  const auto model = update(Declares::nothing, args).model;
  const Batch rows = *token_dataset()->get_batch(std::vector<std::int64_t>{0, 1});
  model->train();
  model->to(torch::kCPU);
  model->forward(rows);
  const torch::Tensor first = model->last_embeddings;
  model->forward(rows);
  EXPECT_TRUE(torch::equal(first, model->last_embeddings));
}

TEST_F(LossContract, NeftuneNamesAModelThatDoesNotTakeIt) {
  TrainingArguments args = arguments(4, 1);
  args.neftune_noise_alpha = 5;
  Trainer trainer({.model = testing::tiny_model(), .args = args, .train_dataset = tiny_dataset(8)});
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { trainer.train(); }),
            "neftune_noise_alpha is set, but TinyModelForImageClassification does not pass its "
            "embeddings through PreTrainedModel::neftune(). Let it do so, or leave the field "
            "unset.");
}

TEST_F(LossContract, Bf16RunsTheForwardPassInItAndKeepsFloatWeights) {
  TrainingArguments args = arguments(8, 1);
  args.bf16 = true;
  const Result in_bf16 = update(Declares::nothing, args);
  const Result in_fp32 = update(Declares::nothing, arguments(8, 1));
  EXPECT_EQ(in_bf16.model->parameters().front().scalar_type(), torch::kFloat32);
  EXPECT_NE(in_bf16.loss, in_fp32.loss);
  EXPECT_NEAR(in_bf16.loss, in_fp32.loss, 0.02);
}

TEST_F(LossContract, NamesADatasetOfWhichTheModelReadsNothing) {
  Trainer trainer({.model = token_model(Declares::nothing),
                   .args = arguments(2, 1),
                   .train_dataset = std::make_shared<TensorDataset>(
                       Batch{{"comment", torch::zeros({4})}, {"other", torch::zeros({4})}})});
  EXPECT_NE(
      message_of<DatasetError>([&] { trainer.train(); })
          .find("loading batch 0 of epoch 0: The dataset has no column that is read: it has "
                "comment, other, and input_ids, labels, label, label_ids, special_tokens_mask "
                "are asked for. Rename its columns, or set remove_unused_columns to false."),
      std::string::npos);
}

TEST_F(LossContract, CountsTokensAndFlopsAsPythonDoes) {
  TrainingArguments args = arguments(4, 1);
  args.max_steps = 2;
  args.include_num_input_tokens_seen = InputTokensSeen::all;
  auto model = token_model(Declares::nothing);
  Trainer trainer({.model = model, .args = args, .train_dataset = token_dataset()});
  const TrainOutput out = trainer.train();
  EXPECT_EQ(trainer.state().num_input_tokens_seen, 2 * 4 * 6);
  EXPECT_EQ(number_of(trainer.state().log_history.at(0), "num_input_tokens_seen"), 4 * 6);
  EXPECT_EQ(out.metrics.at("total_flos"), 6.0 * (2 * 4 * 6) * (4 * 3 + 3));  // no embeddings
  std::vector<std::string> keys;
  for (const auto& [key, value] : trainer.state().log_history.at(0)) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"loss", "grad_norm", "learning_rate", "epoch",
                                            "num_input_tokens_seen", "train_runtime",
                                            "train_tokens_per_second", "step"}));  // as Python's
}

TEST_F(LossContract, CountsTokensThatAreNoPadding) {
  const auto counted = [&](std::optional<std::int64_t> pad_token_id, bool with_mask) {
    auto model = token_model(Declares::nothing);
    if (pad_token_id) model->config().read_json({{"pad_token_id", *pad_token_id}}, "test");
    Batch columns{{"input_ids", torch::tensor({{1, 0, 0}, {2, 3, 0}})},
                  {"labels", torch::tensor({{1, 0, 0}, {2, 1, 0}})}};
    if (with_mask) columns["attention_mask"] = torch::tensor({{1, 0, 0}, {0, 0, 0}});
    TrainingArguments args = arguments(2, 1);
    args.include_num_input_tokens_seen = InputTokensSeen::non_padding;
    args.remove_unused_columns = false;
    Trainer trainer(
        {.model = model, .args = args, .train_dataset = std::make_shared<TensorDataset>(columns)});
    trainer.train();
    return trainer.state().num_input_tokens_seen;
  };
  EXPECT_EQ(counted(0, true), 1);
  EXPECT_EQ(counted(0, false), 3);
  EXPECT_EQ(counted(std::nullopt, false), 6);
}

}  // namespace
}  // namespace torchhub
