#include "torchhub/training/metrics.h"

#include "support/golden.h"
#include "torchhub/base/error.h"
#include "torchhub/training/classification_metrics.h"
#include "torchhub/training/perplexity.h"
#include "torchhub/training/regression_metrics.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

using Json = nlohmann::json;
using metrics::Average;
using MakeMetric = std::function<std::unique_ptr<StreamingMetric>()>;

Json reference() { return Json::parse(testing::golden("metrics/metrics.json")); }

void flatten(const Json& value, std::vector<double>& numbers) {
  if (!value.is_array()) return numbers.push_back(value.get<double>());
  for (const Json& item : value) flatten(item, numbers);
}

torch::Tensor tensor(const Json& value, torch::ScalarType type = torch::kFloat64) {
  std::vector<std::int64_t> sizes;
  for (const Json* inner = &value; inner->is_array(); inner = &inner->front()) {
    sizes.push_back(static_cast<std::int64_t>(inner->size()));
  }
  std::vector<double> numbers;
  flatten(value, numbers);
  return torch::tensor(numbers, torch::kFloat64).reshape(sizes).to(type);
}

EvalPrediction evaluation(const Json& example, torch::ScalarType label_type = torch::kInt64) {
  const bool logits = example.contains("logits");
  return {.predictions =
              logits ? tensor(example.at("logits")) : tensor(example.at("predictions"), label_type),
          .label_ids = tensor(example.at("labels"), label_type)};
}

/// Batches of 1, 4, 2, 0, 7, 1, 4, ... samples.
std::vector<EvalPrediction> uneven_batches(const EvalPrediction& whole) {
  const std::vector<std::int64_t> sizes{1, 4, 2, 0, 7};
  std::vector<EvalPrediction> batches;
  const std::int64_t samples = whole.label_ids.size(0);
  for (std::int64_t start = 0; start < samples;) {
    const std::int64_t stop = std::min(samples, start + sizes[batches.size() % sizes.size()]);
    batches.push_back({.predictions = whole.predictions.slice(0, start, stop),
                       .label_ids = whole.label_ids.slice(0, start, stop)});
    start = stop;
  }
  return batches;
}

void expect_near(double got, const Json& expected, double tolerance, const std::string& name) {
  if (expected.is_null()) {
    EXPECT_TRUE(std::isnan(got)) << name << " is " << got;
  } else {
    const auto value = expected.get<double>();
    EXPECT_NEAR(got, value, tolerance * std::max(1.0, std::abs(value))) << name;
  }
}

/// At once and in uneven batches, twice over: the second time after a reset.
void expect_metric(const MakeMetric& make, const EvalPrediction& whole, const Json& expected,
                   double tolerance = 1e-12) {
  const auto metric = make();
  const auto expect_values = [&](const Metrics& got) {
    std::size_t count = 0;
    for (const auto& [name, value] : got) {
      expect_near(value, expected.at(name), tolerance, name);
      ++count;
    }
    EXPECT_GT(count, 0U);
  };
  expect_values(metrics::compute_over(*metric, whole));
  metric->reset();
  for (const EvalPrediction& batch : uneven_batches(whole)) metric->add(batch);
  expect_values(metric->compute());
}

void expect_averages(const Json& expected, const EvalPrediction& whole,
                     std::optional<std::int64_t> num_classes) {
  const std::vector<std::pair<std::string, Average>> averages{{"binary", Average::binary},
                                                              {"micro", Average::micro},
                                                              {"macro", Average::macro},
                                                              {"weighted", Average::weighted}};
  for (const auto& [name, average] : averages) {
    SCOPED_TRACE(name);
    if (!expected.contains(name)) continue;
    const metrics::ClassAverage options{.average = average, .num_classes = num_classes};
    const Json& scores = expected.at(name);
    const auto check = [&](auto make) {
      expect_metric([&] { return make(options); }, whole, scores);
    };
    check(metrics::streaming_precision);
    check(metrics::streaming_recall);
    check(metrics::streaming_f1);
    check(metrics::streaming_precision_recall_f1);
  }
}

void expect_confusion_matrix(const Json& expected, const EvalPrediction& whole,
                             std::optional<std::int64_t> num_classes) {
  const torch::Tensor wanted = tensor(expected, torch::kInt64);
  EXPECT_TRUE(torch::equal(metrics::confusion_matrix(whole, num_classes), wanted));
  metrics::ConfusionMatrix streaming(num_classes);
  for (const EvalPrediction& batch : uneven_batches(whole)) streaming.add(batch);
  EXPECT_TRUE(torch::equal(streaming.matrix(), wanted));
}

TEST(Metrics, KeepWholeNumbersApartFromOthers) {
  Metrics all;
  all.set("samples", 3);
  all.set("bytes", std::int64_t{1} << 40);
  all.set("size", std::size_t{7});
  all.set("loss", 3.0);
  all.set("rate", 0.5F);
  for (const char* name : {"samples", "bytes", "size"}) EXPECT_TRUE(all.is_whole(name)) << name;
  for (const char* name : {"loss", "rate", "none"}) EXPECT_FALSE(all.is_whole(name)) << name;
  EXPECT_EQ(all.at("bytes"), std::pow(2.0, 40));
  EXPECT_EQ(all, (Metrics{{"samples", 3.0},
                          {"bytes", std::pow(2.0, 40)},
                          {"size", 7.0},
                          {"loss", 3.0},
                          {"rate", 0.5}}));
}

TEST(Metrics, ForgetThatANumberWasWholeWhereAnotherTakesItsPlace) {
  Metrics all;
  all.set("samples", 3);
  all.set("samples", 3.0);
  EXPECT_FALSE(all.is_whole("samples"));
  all.set("samples", 4);
  EXPECT_TRUE(all.is_whole("samples"));
  EXPECT_EQ(all.at("samples"), 4);
}

TEST(Metrics, TakeAValueOfOthersAsItIsThere) {
  Metrics from{{"loss", 2.0}};
  from.set("samples", 3);
  Metrics all;
  all.set("eval_loss", from, "loss");
  all.set("eval_samples", from, "samples");
  EXPECT_EQ(all, (Metrics{{"eval_loss", 2.0}, {"eval_samples", 3.0}}));
  EXPECT_FALSE(all.is_whole("eval_loss"));
  EXPECT_TRUE(all.is_whole("eval_samples"));
  EXPECT_THROW(all.set("x", from, "accuracy"), InvalidArgumentError);
}

TEST(Metrics, KeepTheirOrderAndNameWhatThereIs) {
  Metrics metrics{{"b", 1}, {"a", 2}};
  metrics.set("b", 3);
  EXPECT_EQ(metrics, (Metrics{{"b", 3}, {"a", 2}}));
  EXPECT_EQ(metrics.get("c"), std::nullopt);
  try {
    metrics.at("c");
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(), "There is no metric 'c'; there are: b, a.");
  }
}

TEST(EvalPrediction, HasRoomForInputsAndLosses) {
  const EvalPrediction bare{.predictions = torch::zeros({1, 2}), .label_ids = torch::tensor({0})};
  EXPECT_TRUE(bare.inputs.empty());
  EXPECT_FALSE(bare.losses.defined());
  const EvalPrediction full{.predictions = bare.predictions,
                            .label_ids = bare.label_ids,
                            .inputs = {{"input_ids", torch::ones({1, 4})}},
                            .losses = torch::ones(1)};
  EXPECT_EQ(full.inputs.at("input_ids").size(1), 4);
  EXPECT_EQ(full.losses.size(0), 1);
}

TEST(Accuracy, IsTheShareOfRightAnswers) {
  const torch::Tensor logits = torch::tensor({{0.1, 0.9}, {0.8, 0.2}, {0.3, 0.7}});
  EXPECT_DOUBLE_EQ(metrics::accuracy({.predictions = logits, .label_ids = torch::tensor({1, 0, 0})})
                       .at("accuracy"),
                   2.0 / 3);
  EXPECT_THROW(metrics::accuracy({.predictions = logits, .label_ids = {}}), InvalidArgumentError);
}

TEST(ClassificationMetrics, AreThoseOfScikitLearnAtOnceAndInBatches) {
  const Json examples = reference().at("classification");
  ASSERT_GE(examples.size(), 13U);
  for (const Json& example : examples) {
    SCOPED_TRACE(example.at("name").get<std::string>());
    const EvalPrediction whole = evaluation(example);
    const Json& expected = example.at("expected");
    expect_metric(metrics::streaming_accuracy, whole, expected);
    expect_metric(metrics::streaming_matthews_correlation, whole, expected);
    expect_averages(expected, whole, std::nullopt);
    std::optional<std::int64_t> num_classes;
    if (example.contains("num_classes")) {
      num_classes = example.at("num_classes").get<std::int64_t>();
      expect_averages(expected.at("over_all_classes"), whole, num_classes);
    }
    expect_confusion_matrix(expected.at("confusion_matrix"), whole, num_classes);
  }
}

TEST(RegressionMetrics, AreThoseOfScikitLearnAndSciPyAtOnceAndInBatches) {
  const Json examples = reference().at("regression");
  ASSERT_GE(examples.size(), 10U);
  for (const Json& example : examples) {
    SCOPED_TRACE(example.at("name").get<std::string>());
    const EvalPrediction whole = evaluation(example, torch::kFloat64);
    const Json& expected = example.at("expected");
    for (const auto& make :
         {metrics::streaming_mse, metrics::streaming_rmse, metrics::streaming_mae,
          metrics::streaming_r2, metrics::streaming_pearsonr, metrics::streaming_spearmanr}) {
      expect_metric(make, whole, expected);
    }
  }
}

TEST(Perplexity, IsThatOfSciPyAtOnceAndInBatches) {
  const Json examples = reference().at("perplexity");
  ASSERT_GE(examples.size(), 7U);
  for (const Json& example : examples) {
    SCOPED_TRACE(example.at("name").get<std::string>());
    const EvalPrediction whole = evaluation(example);
    const auto make = example.at("causal_shift").get<bool>() ? metrics::streaming_causal_perplexity
                                                             : metrics::streaming_perplexity;
    const Json expected{{"perplexity", example.at("expected")}};
    expect_metric(make, whole, expected);
    // The single precision that models have, and the half one, of which only the input is coarse.
    EvalPrediction single = whole;
    single.predictions = whole.predictions.to(torch::kFloat32);
    expect_metric(make, single, expected, 1e-5);
    EvalPrediction half = whole;
    half.predictions = whole.predictions.to(torch::kBFloat16);
    const double of_rounded =
        metrics::compute_over(*make(), {.predictions = half.predictions.to(torch::kFloat64),
                                        .label_ids = half.label_ids})
            .at("perplexity");
    expect_metric(make, half, Json{{"perplexity", of_rounded}}, 1e-5);
  }
}

TEST(Metrics, OfAWholeEvaluationGoIntoTheTrainerAsTheyAre) {
  const EvalPrediction classes{.predictions = torch::tensor({0, 1, 1, 0}),
                               .label_ids = torch::tensor({0, 1, 0, 1})};
  const EvalPrediction numbers{.predictions = torch::tensor({1.0, 2.0, 4.0}),
                               .label_ids = torch::tensor({1.0, 3.0, 5.0})};
  const EvalPrediction tokens{.predictions = torch::zeros({2, 3, 4}),
                              .label_ids = torch::ones({2, 3}, torch::kInt64)};
  const auto value = [](const ComputeMetrics& compute, const EvalPrediction& whole) {
    return compute(whole).begin()->second;
  };
  EXPECT_DOUBLE_EQ(value(metrics::accuracy, classes), 0.5);
  EXPECT_DOUBLE_EQ(value(metrics::precision, classes), 0.5);
  EXPECT_DOUBLE_EQ(value(metrics::recall, classes), 0.5);
  EXPECT_DOUBLE_EQ(value(metrics::f1, classes), 0.5);
  EXPECT_DOUBLE_EQ(value(metrics::matthews_correlation, classes), 0);
  EXPECT_DOUBLE_EQ(value(metrics::mse, numbers), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value(metrics::rmse, numbers), std::sqrt(2.0 / 3));
  EXPECT_DOUBLE_EQ(value(metrics::mae, numbers), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value(metrics::r2, numbers), 0.75);
  EXPECT_NEAR(value(metrics::pearsonr, numbers), 6 / std::sqrt(112.0 / 3), 1e-12);
  EXPECT_DOUBLE_EQ(value(metrics::spearmanr, numbers), 1);
  EXPECT_NEAR(value(metrics::perplexity, tokens), 4, 1e-6);
  EXPECT_NEAR(value(metrics::causal_perplexity, tokens), 4, 1e-6);
  EXPECT_DOUBLE_EQ(metrics::precision_recall_f1(classes, {.average = Average::micro}).at("f1"),
                   0.5);
}

}  // namespace
}  // namespace torchhub
