// evaluate() and predict(): several sets, metrics of all kinds, sequences of different lengths.
#include "support/message_of.h"
#include "support/stream_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::tiny_dataset;
using testing::tiny_model;
using Names = std::vector<std::string>;

Names names_of(const Metrics& metrics) {
  Names names;
  for (const auto& [name, value] : metrics) names.push_back(name);
  return names;
}

class Evaluation : public ::testing::Test {
 protected:
  TrainerOptions options() const {
    return {.model = tiny_model(),
            .args = {.output_dir = folder_ / "out",
                     .disable_tqdm = true,
                     .per_device_eval_batch_size = 4},
            .eval_dataset = tiny_dataset(10)};
  }
  TempDir folder_;
};

// Golden: transformers 5.12.1, evaluate() before any training.
TEST_F(Evaluation, GivesPythonsKeysInPythonsOrder) {
  TrainerOptions o = options();
  o.compute_metrics = metrics::accuracy;
  Trainer trainer(std::move(o));
  EXPECT_EQ(names_of(trainer.evaluate()),
            (Names{"eval_loss", "eval_model_preparation_time", "eval_accuracy", "eval_runtime",
                   "eval_samples_per_second", "eval_steps_per_second", "epoch"}));
  EXPECT_EQ(names_of(trainer.predict(tiny_dataset(5)).metrics),
            (Names{"test_loss", "test_model_preparation_time", "test_accuracy", "test_runtime",
                   "test_samples_per_second", "test_steps_per_second"}));
}

TEST_F(Evaluation, TakesEachOfSeveralSetsUnderItsName) {
  TrainerOptions o = options();
  o.eval_dataset = nullptr;
  o.eval_datasets = {{"near", tiny_dataset(10)}, {"far", tiny_dataset(6, 9)}};
  o.compute_metrics = metrics::accuracy;
  Trainer trainer(std::move(o));
  const Metrics both = trainer.evaluate();
  for (const char* name : {"near", "far"}) {
    const auto alone =
        trainer.evaluate(name == std::string("near") ? tiny_dataset(10) : tiny_dataset(6, 9));
    EXPECT_EQ(both.at(std::string("eval_") + name + "_loss"), alone.at("eval_loss"));
    EXPECT_EQ(both.at(std::string("eval_") + name + "_accuracy"), alone.at("eval_accuracy"));
  }
  EXPECT_EQ(trainer.state().log_history.size(), 4U);  // each evaluation logs
}

TEST_F(Evaluation, FiresItsEventOnceForEachOfSeveralSets) {
  class Losses final : public TrainerCallback {
   public:
    std::string name() const override { return "Losses"; }
    void on_evaluate(const TrainerEvent&, const Metrics& metrics) override {
      for (const auto& [name, value] : metrics) {
        if (name.ends_with("_loss")) names.push_back(name);
      }
    }
    Names names;
  };
  const auto losses = std::make_shared<Losses>();
  TrainerOptions o = options();
  o.eval_dataset = nullptr;
  o.eval_datasets = {{"near", tiny_dataset(10)}, {"far", tiny_dataset(6, 9)}};
  o.callbacks = {losses};
  Trainer(std::move(o)).evaluate();
  EXPECT_EQ(losses->names, (Names{"eval_near_loss", "eval_far_loss"}));
}

TEST_F(Evaluation, PredictKeepsTheOrderOfTheSamplesAndFiresItsEvent) {
  class Counter final : public TrainerCallback {
   public:
    std::string name() const override { return "Counter"; }
    void on_predict(const TrainerEvent&, const Metrics& metrics) override {
      loss = metrics.get("test_loss");
    }
    void on_log(const TrainerEvent&, const LogRow&) override { ++logs; }
    std::optional<double> loss;
    int logs = 0;
  };
  const auto counter = std::make_shared<Counter>();
  TrainerOptions o = options();
  o.callbacks = {counter};
  Trainer trainer(std::move(o));
  const auto dataset = tiny_dataset(10);
  const PredictionOutput out = trainer.predict(dataset);
  trainer.model().eval();
  trainer.model().to(torch::kCPU);
  const Batch whole = *dataset->get_batch(std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_TRUE(torch::allclose(out.predictions, trainer.model().forward(whole).logits, 1e-5, 1e-6));
  EXPECT_TRUE(torch::equal(out.label_ids, whole.at("labels")));
  EXPECT_EQ(counter->loss, out.metrics.get("test_loss"));
  EXPECT_EQ(counter->logs, 0);
}

TEST_F(Evaluation, WithoutLabelsHasNoLoss) {
  const auto data = std::make_shared<TensorDataset>(Batch{{"pixel_values", torch::randn({6, 6})}});
  Trainer trainer(options());
  const PredictionOutput out = trainer.predict(data);
  EXPECT_FALSE(out.metrics.get("test_loss"));
  EXPECT_FALSE(out.label_ids.defined());
  EXPECT_EQ(out.predictions.size(0), 6);
}

TEST_F(Evaluation, WithoutLabelsHasNoMetricsOfAnyKind) {
  const auto data = std::make_shared<TensorDataset>(Batch{{"pixel_values", torch::randn({6, 6})}});
  TrainerOptions o = options();
  o.args.batch_eval_metrics = true;
  int calls = 0;
  o.compute_batch_metrics = [&](const EvalPrediction&, bool) {
    ++calls;
    return Metrics{{"calls", static_cast<double>(calls)}};
  };
  o.compute_metrics = metrics::accuracy;
  o.streaming_metrics = {metrics::streaming_f1({.average = metrics::Average::macro})};
  Trainer trainer(std::move(o));
  const PredictionOutput out = trainer.predict(data);
  EXPECT_EQ(names_of(out.metrics), (Names{"test_model_preparation_time", "test_runtime",
                                          "test_samples_per_second", "test_steps_per_second"}));
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(out.predictions.size(0), 6);
  EXPECT_FALSE(trainer.evaluate(data).get("eval_accuracy"));
  EXPECT_TRUE(trainer.evaluate().get("eval_accuracy"));  // and with them all again
  EXPECT_GT(calls, 0);
}

TEST_F(Evaluation, StreamingMetricsSayWhatWholeOnesDoAndKeepNothing) {
  TrainerOptions whole = options();
  whole.compute_metrics = metrics::accuracy;
  const double expected = Trainer(std::move(whole)).evaluate().at("eval_accuracy");
  TrainerOptions streaming = options();
  streaming.streaming_metrics = {metrics::streaming_accuracy()};
  Trainer trainer(std::move(streaming));
  EXPECT_EQ(trainer.evaluate().at("eval_accuracy"), expected);
  EXPECT_EQ(trainer.evaluate().at("eval_accuracy"), expected);  // the second begins anew
}

TEST_F(Evaluation, LetsPredictionsBeMadeSmallerBeforeTheyAreKept) {
  TrainerOptions o = options();
  o.preprocess_logits_for_metrics = [](const at::Tensor& logits, const at::Tensor&) {
    return logits.argmax(-1);
  };
  o.compute_metrics = [](const EvalPrediction& p) {
    return Metrics{{"dimensions", static_cast<double>(p.predictions.dim())}};
  };
  EXPECT_EQ(Trainer(std::move(o)).evaluate().at("eval_dimensions"), 1);
}

TEST_F(Evaluation, HandsInputsAndLossesToMetricsThatAskForThem) {
  TrainerOptions o = options();
  o.args.include_for_metrics = {"inputs", "loss"};
  o.compute_metrics = [](const EvalPrediction& p) {
    return Metrics{{"rows", static_cast<double>(p.inputs.at("pixel_values").size(0))},
                   {"mean", p.losses.mean().item<double>()}};
  };
  const Metrics metrics = Trainer(std::move(o)).evaluate();
  EXPECT_EQ(metrics.at("eval_rows"), 10);
  EXPECT_NEAR(metrics.at("eval_mean"), metrics.at("eval_loss"), 1e-6);
}

TEST_F(Evaluation, CallsBatchMetricsForEachBatchAndTakesTheLastResult) {
  TrainerOptions o = options();
  o.args.batch_eval_metrics = true;
  auto seen = std::make_shared<std::int64_t>(0);
  o.compute_batch_metrics = [seen](const EvalPrediction& batch, bool compute_result) {
    *seen += batch.predictions.size(0);
    return compute_result ? Metrics{{"seen", static_cast<double>(*seen)}} : Metrics{};
  };
  EXPECT_EQ(Trainer(std::move(o)).evaluate().at("eval_seen"), 10);
  TrainerOptions missing = options();
  missing.args.batch_eval_metrics = true;
  EXPECT_THROW(Trainer(std::move(missing)), InvalidArgumentError);
}

TEST_F(Evaluation, HandsOverListsOfBatchesWhereAskedTo) {
  TrainerOptions o = options();
  o.args.eval_do_concat_batches = false;
  o.compute_metrics = [](const EvalPrediction& p) {
    return Metrics{{"batches", static_cast<double>(p.batches.size())},
                   {"last", static_cast<double>(p.batches.back().label_ids.size(0))}};
  };
  const Metrics metrics = Trainer(std::move(o)).evaluate();
  EXPECT_EQ(metrics.at("eval_batches"), 3);
  EXPECT_EQ(metrics.at("eval_last"), 2);
}

TEST_F(Evaluation, KeepsTheLossAloneWherePredictionsAreNotWanted) {
  TrainerOptions o = options();
  o.args.prediction_loss_only = true;
  o.compute_metrics = metrics::accuracy;
  Trainer trainer(std::move(o));
  EXPECT_FALSE(trainer.evaluate().get("eval_accuracy"));
  EXPECT_FALSE(trainer.predict(tiny_dataset(4)).predictions.defined());
}

TEST_F(Evaluation, TouchesNoPredictionsWhereNobodyAsksForThem) {
  TrainerOptions o = options();
  int preprocessed = 0;
  o.preprocess_logits_for_metrics = [&](const at::Tensor& logits, const at::Tensor&) {
    ++preprocessed;
    return logits;
  };
  Trainer trainer(o);
  EXPECT_TRUE(trainer.evaluate().get("eval_loss"));
  EXPECT_EQ(preprocessed, 0);
  EXPECT_TRUE(trainer.predict(tiny_dataset(4)).predictions.defined());
  EXPECT_EQ(preprocessed, 1);
  o.streaming_metrics = {metrics::streaming_accuracy()};
  EXPECT_TRUE(Trainer(o).evaluate().get("eval_accuracy"));
  EXPECT_EQ(preprocessed, 1 + 3);
}

// Python's loader draws a seed for workers it does not have; tests/peers/test_chain.py shows that
// dropout goes on as there.
TEST_F(Evaluation, TakesOneNumberFromTheGlobalGenerator) {
  Trainer trainer(options());
  torch::manual_seed(7);
  torch::empty({1}, torch::kInt64).random_();
  const torch::Tensor next = torch::rand({3});
  torch::manual_seed(7);
  trainer.evaluate();
  EXPECT_TRUE(torch::equal(torch::rand({3}), next));
}

/// Predicts a class for each position; batches of sequences are as long as their longest.
class Tagger final : public PreTrainedModel {
 public:
  explicit Tagger(const testing::TinyConfig& config)
      : PreTrainedModel(config), linear_(register_module("linear", torch::nn::Linear(1, 3))) {}
  ModelOutput forward(const Batch& batch) override {
    const torch::Tensor x = batch.at("input_ids").to(torch::kFloat32).unsqueeze(-1);
    ModelOutput output{.logits = linear_->forward(x)};
    output.loss = torch::nn::functional::cross_entropy(
        output.logits.flatten(0, 1), batch.at("labels").flatten(),
        torch::nn::functional::CrossEntropyFuncOptions().ignore_index(-100));
    return output;
  }

 private:
  torch::nn::Linear linear_;
};

/// Sample i is a sequence of i + 1 tokens.
class Sequences final : public Dataset {
 public:
  std::int64_t size() const override { return 6; }
  Batch get(std::int64_t index) const override {
    return {{"input_ids", torch::arange(index + 1)},
            {"labels", torch::arange(index + 1).remainder(3)}};
  }
};

Batch padding(const std::vector<Batch>& samples, std::uint64_t) {
  Batch batch;
  for (const auto& [name, fill] : {std::pair{"input_ids", 0}, std::pair{"labels", -100}}) {
    std::vector<torch::Tensor> rows;
    for (const Batch& sample : samples) rows.push_back(sample.at(name));
    batch[name] = torch::nn::utils::rnn::pad_sequence(rows, true, fill);
  }
  return batch;
}

TEST_F(Evaluation, FillsUpShorterSequencesWithMinusHundred) {
  testing::TinyConfig config;
  config.model_type = "tiny";
  TrainerOptions o = options();
  o.model = std::make_shared<Tagger>(config);
  o.args.per_device_eval_batch_size = 2;
  o.args.eval_accumulation_steps = 1;
  o.data_collator = padding;
  Trainer trainer(std::move(o));
  const PredictionOutput out = trainer.predict(std::make_shared<Sequences>());
  EXPECT_EQ(out.predictions.sizes(), (std::vector<std::int64_t>{6, 6, 3}));
  EXPECT_EQ(out.label_ids.sizes(), (std::vector<std::int64_t>{6, 6}));
  EXPECT_TRUE(out.label_ids[0].slice(0, 1).eq(-100).all().item<bool>());
  EXPECT_TRUE(out.predictions[0].slice(0, 2).eq(-100).all().item<bool>());
  EXPECT_FALSE(out.label_ids[5].eq(-100).any().item<bool>());
}

/// All samples of a batch in one row, as DataCollatorWithFlattening gives them.
Batch in_one_row(const std::vector<Batch>& samples, std::uint64_t) {
  Batch batch;
  for (const char* name : {"input_ids", "labels"}) {
    std::vector<torch::Tensor> rows;
    for (const Batch& sample : samples) rows.push_back(sample.at(name));
    batch[name] = torch::cat(rows).unsqueeze(0);
  }
  return batch;
}

TEST_F(Evaluation, WeighsTheLossOfABatchBySamplesHoweverTheyLieInIt) {
  testing::TinyConfig config;
  config.model_type = "tiny";
  TrainerOptions o = options();
  const auto model = std::make_shared<Tagger>(config);
  o.model = model;
  o.args.per_device_eval_batch_size = 4;  // of six samples: four, then two
  o.data_collator = in_one_row;
  const Sequences data;
  const auto loss_of = [&](std::int64_t begin, std::int64_t end) {
    std::vector<Batch> samples;
    for (std::int64_t i = begin; i < end; ++i) samples.push_back(data.get(i));
    return model->forward(in_one_row(samples, 0)).loss.item<double>();
  };
  const double expected = (4 * loss_of(0, 4) + 2 * loss_of(4, 6)) / 6;
  EXPECT_GT(std::abs(loss_of(0, 4) - loss_of(4, 6)), 1e-3);
  EXPECT_NEAR(Trainer(std::move(o)).evaluate(std::make_shared<Sequences>()).at("eval_loss"),
              expected, 1e-6);
}

// TD-18: Python's eval_loss of tokens depends on how samples fall into batches.
TEST_F(Evaluation, CanWeighTheLossByTokens) {
  const auto loss = [&](EvalLossMean mean, std::int64_t batch_size) {
    torch::manual_seed(1);
    testing::TinyConfig config;
    config.model_type = "tiny";
    TrainerOptions o = options();
    o.model = std::make_shared<Tagger>(config);
    o.args.per_device_eval_batch_size = batch_size;
    o.data_collator = padding;
    o.eval_loss_mean = mean;
    return Trainer(std::move(o)).evaluate(std::make_shared<Sequences>()).at("eval_loss");
  };
  EXPECT_NEAR(loss(EvalLossMean::labels, 1), loss(EvalLossMean::labels, 6), 1e-6);
  EXPECT_GT(std::abs(loss(EvalLossMean::samples, 1) - loss(EvalLossMean::samples, 6)), 1e-3);
}

TEST_F(Evaluation, OverAStreamSaysWhatOverADatasetIsSaid) {
  for (const bool sized : {true, false}) {
    TrainerOptions o = options();
    o.compute_metrics = metrics::accuracy;
    o.eval_stream = std::make_shared<testing::StreamOf>(o.eval_dataset, sized);
    const auto dataset = std::exchange(o.eval_dataset, nullptr);
    Trainer trainer(std::move(o));
    const Metrics of_stream = trainer.evaluate();
    const Metrics of_dataset = trainer.evaluate(dataset);
    EXPECT_EQ(of_stream.at("eval_loss"), of_dataset.at("eval_loss"));
    EXPECT_EQ(of_stream.at("eval_accuracy"), of_dataset.at("eval_accuracy"));
    EXPECT_EQ(names_of(of_stream), names_of(of_dataset));
    const auto stream = std::make_shared<testing::StreamOf>(dataset, sized);
    EXPECT_TRUE(
        torch::equal(trainer.predict(stream).predictions, trainer.predict(dataset).predictions));
    EXPECT_GT(of_stream.at("eval_samples_per_second"), 0);  // of the samples that came
  }
}

TEST_F(Evaluation, TakesEachOfSeveralStreamsAfterTheSets) {
  TrainerOptions o = options();
  const auto far = tiny_dataset(6, 9);
  o.eval_dataset = nullptr;
  o.eval_datasets = {{"near", tiny_dataset(10)}};
  o.eval_streams = {{"far", std::make_shared<testing::StreamOf>(far, false)}};
  Trainer trainer(std::move(o));
  const Metrics both = trainer.evaluate();
  EXPECT_EQ(both.at("eval_near_loss"), trainer.evaluate(tiny_dataset(10)).at("eval_loss"));
  EXPECT_EQ(both.at("eval_far_loss"), trainer.evaluate(far).at("eval_loss"));
}

TEST_F(Evaluation, InHalfPrecisionLeavesTheWeightsAsTheyWere) {
  TrainerOptions o = options();
  o.args.bf16_full_eval = true;
  Trainer trainer(std::move(o));
  const auto before = tiny_model();
  const PredictionOutput out = trainer.predict(std::make_shared<TensorDataset>(
      Batch{{"pixel_values", torch::randn({4, 6}).to(torch::kBFloat16)}}));
  EXPECT_EQ(out.predictions.scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(testing::same_state(*before, trainer.model()));
}

TEST_F(Evaluation, ReportsMemoryWhereAskedTo) {
  TrainerOptions o = options();
  o.args.skip_memory_metrics = false;
  o.args.use_cpu = true;  // a GPU has more of them
  Trainer trainer(std::move(o));
  const Metrics first = trainer.evaluate();
  Names memory = names_of(first);
  std::erase_if(memory, [](const std::string& name) { return name.find("_mem_") == name.npos; });
  EXPECT_EQ(memory, (Names{"init_mem_cpu_alloc_delta", "init_mem_cpu_peaked_delta",
                           "eval_mem_cpu_alloc_delta", "eval_mem_cpu_peaked_delta",
                           "before_init_mem_cpu"}));  // Python's order
  EXPECT_GT(first.at("before_init_mem_cpu"), 1e6);
  EXPECT_FALSE(trainer.evaluate().get("init_mem_cpu_alloc_delta"));  // said once
}

TEST_F(Evaluation, WritesWholeNumbersAsSuch) {
  TrainerOptions o = options();
  o.args.skip_memory_metrics = false;
  Trainer trainer(std::move(o));
  Metrics metrics = trainer.evaluate();
  metrics.set("eval_samples", 10);
  trainer.save_metrics("eval", metrics);
  const auto results = nlohmann::json::parse(read_file(folder_ / "out/eval_results.json"));
  for (const char* name :
       {"eval_samples", "epoch", "eval_mem_cpu_alloc_delta", "before_init_mem_cpu"}) {
    EXPECT_TRUE(results.at(name).is_number_integer()) << name;
  }
  EXPECT_TRUE(results.at("eval_loss").is_number_float());
  const auto texts = Trainer::metrics_format(metrics);
  EXPECT_EQ(texts.back(), (std::pair<std::string, std::string>{"eval_samples", "10"}));
}

TEST_F(Evaluation, LogsWholeMemoryOfATraining) {
  TrainerOptions o = options();
  o.args.skip_memory_metrics = false;
  o.args.max_steps = 1;
  o.args.save_strategy = SaveStrategy::no;
  o.train_dataset = tiny_dataset(8);
  Trainer trainer(std::move(o));
  trainer.train();
  const LogRow row = trainer.state().log_history.back();
  const auto memory = std::find_if(row.begin(), row.end(), [](const auto& item) {
    return item.first == "train_mem_cpu_alloc_delta";
  });
  ASSERT_NE(memory, row.end());
  EXPECT_TRUE(std::holds_alternative<std::int64_t>(memory->second));
}

TEST_F(Evaluation, WritesResultsAsPythonDoes) {
  Trainer trainer(options());
  trainer.save_metrics("eval", {{"eval_loss", 0.5}, {"epoch", 1.0}});
  trainer.save_metrics("train", {{"train_loss", 0.25}});
  EXPECT_EQ(read_file(folder_ / "out/eval_results.json"),
            "{\n    \"epoch\": 1.0,\n    \"eval_loss\": 0.5\n}");
  EXPECT_EQ(read_file(folder_ / "out/all_results.json"),
            "{\n    \"epoch\": 1.0,\n    \"eval_loss\": 0.5,\n    \"train_loss\": 0.25\n}");
  ::testing::internal::CaptureStdout();
  trainer.log_metrics("train", {{"train_runtime", 3723.456},
                                {"total_flos", 3.5e9},
                                {"train_mem_cpu_alloc_delta", 5 << 20},
                                {"train_loss", 0.123456},
                                {"epoch", 2}});
  EXPECT_EQ(::testing::internal::GetCapturedStdout(),
            "***** train metrics *****\n"
            "  epoch                     =        2.0\n"
            "  total_flos                =        3GF\n"
            "  train_loss                =     0.1235\n"
            "  train_mem_cpu_alloc_delta =        5MB\n"
            "  train_runtime             = 1:02:03.45\n");
  trainer.save_state();
  EXPECT_EQ(trainer_state_from_json_text(read_file(folder_ / "out/trainer_state.json")).global_step,
            0);
}

}  // namespace
}  // namespace torchhub
