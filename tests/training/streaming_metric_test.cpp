#include "torchhub/training/streaming_metric.h"

#include "support/message_of.h"
#include "torchhub/base/error.h"
#include "torchhub/training/classification_metrics.h"
#include "torchhub/training/perplexity.h"
#include "torchhub/training/regression_metrics.h"

#include <c10/core/Allocator.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace torchhub {
namespace {

using metrics::Average;
using testing::message_of;

EvalPrediction of_ids(const std::vector<std::int64_t>& predictions,
                      const std::vector<std::int64_t>& labels) {
  return {.predictions = torch::tensor(predictions, torch::kInt64),
          .label_ids = torch::tensor(labels, torch::kInt64)};
}

EvalPrediction of_numbers(const std::vector<double>& predictions,
                          const std::vector<double>& labels) {
  return {.predictions = torch::tensor(predictions, torch::kFloat64),
          .label_ids = torch::tensor(labels, torch::kFloat64)};
}

std::vector<std::unique_ptr<StreamingMetric>> metrics_of_classes() {
  std::vector<std::unique_ptr<StreamingMetric>> all;
  all.push_back(metrics::streaming_accuracy());
  all.push_back(metrics::streaming_matthews_correlation());
  all.push_back(metrics::streaming_precision_recall_f1({.average = Average::macro}));
  all.push_back(std::make_unique<metrics::ConfusionMatrix>());
  return all;
}

std::vector<std::unique_ptr<StreamingMetric>> metrics_of_numbers() {
  std::vector<std::unique_ptr<StreamingMetric>> all;
  all.push_back(metrics::streaming_mse());
  all.push_back(metrics::streaming_r2());
  all.push_back(metrics::streaming_pearsonr());
  all.push_back(metrics::streaming_spearmanr());
  return all;
}

std::string refusal(StreamingMetric& metric, const EvalPrediction& batch) {
  return message_of<InvalidArgumentError>([&] { metric.add(batch); });
}

/// Counts the bytes of all CPU tensors that are alive, while it is in place.
class CountedTensorBytes : public c10::Allocator {
 public:
  CountedTensorBytes() : before_(c10::GetAllocator(c10::kCPU)) {
    c10::SetAllocator(c10::kCPU, this, kPriority);
  }
  ~CountedTensorBytes() override { c10::SetAllocator(c10::kCPU, before_, kPriority); }

  static std::int64_t alive() { return alive_; }

#if TORCH_VERSION_MAJOR > 1
  c10::DataPtr allocate(size_t bytes) override { return counted(bytes); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
#else
  c10::DataPtr allocate(size_t bytes) const override { return counted(bytes); }
#endif

 private:
  static constexpr std::uint8_t kPriority = std::numeric_limits<std::uint8_t>::max();
  static constexpr std::size_t kHeader = 64;  // keeps the alignment that kernels expect

  static c10::DataPtr counted(std::size_t bytes) {
    const std::size_t size = (bytes + kHeader + 63) / 64 * 64;
    void* block = std::aligned_alloc(64, size);
    *static_cast<std::size_t*>(block) = bytes;
    alive_ += static_cast<std::int64_t>(bytes);
    return {static_cast<char*>(block) + kHeader, block, &release, c10::Device(c10::kCPU)};
  }
  static void release(void* block) {
    alive_ -= static_cast<std::int64_t>(*static_cast<std::size_t*>(block));
    std::free(block);
  }

  static inline std::int64_t alive_ = 0;
  c10::Allocator* before_;
};

/// What a metric must not do.
class KeepsEverything : public StreamingMetric {
 public:
  std::string name() const override { return "keeps_everything"; }
  void add(const EvalPrediction& batch) override { batches_.push_back(batch); }
  Metrics compute() const override { return {}; }
  void reset() override { batches_.clear(); }

 private:
  std::vector<EvalPrediction> batches_;
};

/// Bytes of tensors that `metric` holds after so many batches of 64 samples, each a new tensor.
std::int64_t bytes_held(StreamingMetric& metric, int batches) {
  torch::manual_seed(3);
  metric.reset();
  const std::int64_t before = CountedTensorBytes::alive();
  for (int i = 0; i < batches; ++i) {
    metric.add({.predictions = torch::randn({64, 10}),
                .label_ids = torch::randint(10, {64}).to(torch::kInt64)});
  }
  return CountedTensorBytes::alive() - before;
}

TEST(StreamingMetric, HoldsAsMuchAfterAThousandBatchesAsAfterOne) {
  const CountedTensorBytes counter;
  KeepsEverything hoarder;
  EXPECT_EQ(bytes_held(hoarder, 100), 100 * bytes_held(hoarder, 1));
  EXPECT_EQ(bytes_held(hoarder, 1), 64 * (10 * 4 + 8));
  hoarder.reset();

  const auto accuracy = metrics::streaming_accuracy();
  EXPECT_EQ(bytes_held(*accuracy, 1), 3 * 10 * 8);
  EXPECT_EQ(bytes_held(*accuracy, 1000), 3 * 10 * 8);
  metrics::ConfusionMatrix confusion;
  EXPECT_EQ(bytes_held(confusion, 1), 10 * 10 * 8);
  EXPECT_EQ(bytes_held(confusion, 1000), 10 * 10 * 8);
  const auto perplexity = metrics::streaming_perplexity();
  EXPECT_EQ(bytes_held(*perplexity, 1000), 0);
}

TEST(StreamingMetric, RefusesABatchThatDoesNotFitAndCountsNothingOfIt) {
  const auto accuracy = metrics::streaming_accuracy();
  accuracy->add(of_ids({0, 1, 1}, {0, 1, 0}));
  const Metrics before = accuracy->compute();
  EXPECT_EQ(refusal(*accuracy, {.predictions = torch::zeros({2, 3}), .label_ids = {}}),
            "metrics::accuracy needs labels, and the evaluation dataset has none. Give its batches "
            "'labels', or evaluate without this metric.");
  EXPECT_EQ(refusal(*accuracy, {.predictions = {}, .label_ids = torch::tensor({1})}),
            "metrics::accuracy needs predictions, and the model gave none. Return logits from its "
            "forward.");
  EXPECT_EQ(refusal(*accuracy, {.predictions = torch::zeros({8, 3}),
                                .label_ids = torch::zeros({8, 2}, torch::kInt64)}),
            "metrics::accuracy cannot match predictions [8, 3] with labels [8, 2]: it needs logits "
            "[8, 2, classes] or class ids [8, 2]. Bring them into that shape in "
            "preprocess_logits_for_metrics, or in the collator.");
  EXPECT_EQ(
      refusal(*accuracy, {.predictions = torch::zeros({2}), .label_ids = torch::tensor({0, 1})}),
      "metrics::accuracy takes predictions [2] for labels of the same shape as class ids, and "
      "these are of type Float. Give logits [2, classes], or whole numbers.");
  EXPECT_EQ(refusal(*accuracy,
                    {.predictions = torch::zeros({2, 3}), .label_ids = torch::tensor({0.5, 1.0})}),
            "metrics::accuracy needs class ids as labels, and these are of type Float. For labels "
            "that are measured, take a metric of regression_metrics.h.");
  EXPECT_EQ(
      refusal(*accuracy, {.predictions = torch::zeros({2, 3}), .label_ids = torch::tensor({0, 3})}),
      "metrics::accuracy met label 3, and the logits have 3 classes: ids go from 0 to 2. Only "
      "labels of -100 are left out; check the dataset's labels.");
  EXPECT_EQ(
      refusal(*accuracy, of_ids({0, 1}, {0, -1})),
      "metrics::accuracy met label -1, and 16777216 classes are the most it can count: ids go "
      "from 0 to 16777215. Only labels of -100 are left out; check the dataset's labels.");
  EXPECT_NE(refusal(*accuracy, of_ids({-100, 1}, {0, 1})).find("met predicted class -100"),
            std::string::npos);
  EXPECT_EQ(accuracy->compute(), before);
}

TEST(StreamingMetric, OfNumbersRefusesShapesThatDisagree) {
  for (const auto& metric : metrics_of_numbers()) {
    SCOPED_TRACE(metric->name());
    metric->add(of_numbers({1, 2, 4}, {1, 3, 2}));
    const Metrics before = metric->compute();
    EXPECT_EQ(refusal(*metric, {.predictions = torch::zeros({4, 2}), .label_ids = torch::zeros(4)}),
              "metrics::" + metric->name() +
                  " cannot match predictions [4, 2] with labels [4]: it needs [samples] or "
                  "[samples, 1] of both. Bring them into that shape in "
                  "preprocess_logits_for_metrics, or in the collator.");
    EXPECT_THROW(metric->add({.predictions = torch::zeros(4), .label_ids = torch::zeros(3)}),
                 InvalidArgumentError);
    EXPECT_THROW(metric->add({.predictions = torch::zeros(4), .label_ids = {}}),
                 InvalidArgumentError);
    EXPECT_EQ(metric->compute(), before);
  }
}

TEST(StreamingMetric, RefusesToComputeFromNothing) {
  for (const auto& metric : metrics_of_classes()) {
    SCOPED_TRACE(metric->name());
    if (metric->name() == "confusion_matrix") continue;
    EXPECT_THROW(metric->compute(), InvalidArgumentError);
    metric->add(of_ids({0, 7}, {-100, -100}));
    EXPECT_EQ(message_of<InvalidArgumentError>([&] { metric->compute(); }),
              "metrics::" + metric->name() +
                  " has nothing to compute from: the evaluation was empty, or each of its labels "
                  "was -100. Check the evaluation dataset.");
    metric->add(of_ids({1}, {1}));
    EXPECT_FALSE(metric->compute().empty());
    metric->reset();
    EXPECT_THROW(metric->compute(), InvalidArgumentError);
  }
  for (const auto& metric : metrics_of_numbers()) {
    SCOPED_TRACE(metric->name());
    metric->add({.predictions = torch::zeros(0), .label_ids = torch::zeros(0)});
    EXPECT_THROW(metric->compute(), InvalidArgumentError);
  }
  EXPECT_THROW(metrics::ConfusionMatrix().matrix(), InvalidArgumentError);
  EXPECT_THROW(metrics::streaming_perplexity()->compute(), InvalidArgumentError);
}

// eval_do_concat_batches off hands over a list.
TEST(WholeMetrics, TakeAnEvaluationInBatchesAsTheyTakeItWhole) {
  const EvalPrediction whole = of_ids({0, 1, 2, 1, 0}, {0, 1, 1, 1, 2});
  EvalPrediction in_batches;
  in_batches.batches = {of_ids({0, 1, 2}, {0, 1, 1}), of_ids({1, 0}, {1, 2})};
  EXPECT_EQ(metrics::accuracy(in_batches), metrics::accuracy(whole));
  EXPECT_EQ(metrics::matthews_correlation(in_batches), metrics::matthews_correlation(whole));
  const std::shared_ptr<StreamingMetric> streaming = metrics::streaming_accuracy();
  EXPECT_EQ(metrics::compute_metrics_with({streaming})(in_batches), metrics::accuracy(whole));
}

TEST(WholeMetrics, CorrelateAPerfectPredictionToExactlyOne) {
  for (std::int64_t size = 2; size < 40; ++size) {
    const torch::Tensor ids = torch::arange(size).remainder(3);
    EXPECT_EQ(metrics::matthews_correlation({.predictions = ids, .label_ids = ids}),
              (Metrics{{"matthews_correlation", 1.0}}))
        << size;
  }
}

TEST(StreamingMetric, GrowsWhenALaterBatchHasMoreClasses) {
  const auto together = of_ids({0, 5, 1, 2, 5}, {0, 1, 5, 2, 5});
  for (const auto& metric : metrics_of_classes()) {
    SCOPED_TRACE(metric->name());
    metric->add(of_ids({0}, {0}));
    metric->add(of_ids({5, 1}, {1, 5}));
    metric->add(of_ids({2, 5}, {2, 5}));
    const Metrics in_parts = metric->compute();
    EXPECT_EQ(in_parts, metrics::compute_over(*metric, together));
  }
  metrics::ConfusionMatrix confusion;
  confusion.add(of_ids({0, 1}, {0, 0}));
  confusion.add(of_ids({2}, {1}));
  const auto expected = torch::tensor({{1, 1, 0}, {0, 0, 1}, {0, 0, 0}}, torch::kInt64);
  EXPECT_TRUE(torch::equal(confusion.matrix(), expected));
  confusion.matrix().zero_();
  EXPECT_TRUE(torch::equal(confusion.matrix(), expected)) << "matrix() must be a copy";
}

TEST(StreamingMetric, OfNumbersGivesNaNForNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& metric : metrics_of_numbers()) {
    SCOPED_TRACE(metric->name());
    metric->add(of_numbers({1, 2, 3}, {2, 1, 5}));
    metric->add(of_numbers({1, nan}, {2, 1}));
    EXPECT_TRUE(std::isnan(metric->compute().begin()->second));
  }
}

TEST(StreamingMetric, CorrelatesNumbersFarFromZero) {
  // 1e8 + {0, 1, 2, 3}: sums of squares would have lost all of the difference.
  const auto pearson = metrics::streaming_pearsonr();
  pearson->add(of_numbers({1e8, 1e8 + 1}, {5, 7}));
  pearson->add(of_numbers({1e8 + 2, 1e8 + 3}, {6, 9}));
  EXPECT_NEAR(pearson->compute().at("pearsonr"), 5.5 / std::sqrt(5 * 8.75), 1e-12);
}

TEST(BinaryAverage, RefusesMoreThanTwoClassesAndAnAbsentPositive) {
  EXPECT_EQ(message_of<InvalidArgumentError>([] {
              metrics::f1(of_ids({0, 1, 2}, {0, 1, 1}));
            }),
            "metrics::f1 with Average::binary met 3 classes. Choose Average::micro, macro or "
            "weighted.");
  EXPECT_EQ(message_of<InvalidArgumentError>([] {
              metrics::f1(of_ids({0, 2}, {0, 0}));
            }),
            "metrics::f1: pos_label is 1, and the two classes are 0 and 2. Set pos_label to one of "
            "them.");
  EXPECT_DOUBLE_EQ(
      metrics::precision_recall_f1(of_ids({0, 2, 2}, {0, 0, 2}), {.pos_label = 2}).at("precision"),
      0.5);
  EXPECT_THROW(metrics::streaming_f1({.pos_label = -1}), InvalidArgumentError);
}

TEST(NumClasses, IsTheLimitOfIdsWhereItIsSet) {
  EXPECT_EQ(message_of<InvalidArgumentError>([] { metrics::streaming_f1({.num_classes = 0}); }),
            "metrics::f1: num_classes is 0; it goes from 1 to 16777216.");
  EXPECT_THROW(metrics::ConfusionMatrix(std::int64_t{1} << 15), InvalidArgumentError);
  metrics::ConfusionMatrix confusion(2);
  EXPECT_EQ(
      refusal(confusion, of_ids({0, 2}, {0, 1})),
      "metrics::confusion_matrix met predicted class 2, and num_classes is 2: ids go from 0 to "
      "1. Only labels of -100 are left out; check the dataset's labels.");
  metrics::ConfusionMatrix open;
  EXPECT_EQ(
      refusal(open, {.predictions = torch::zeros({1, 50257}), .label_ids = torch::tensor({1})}),
      "metrics::confusion_matrix can count 16384 classes at most, and the logits have 50257. "
      "Give it class ids, or num_classes if fewer occur.");
}

TEST(Perplexity, RefusesWhatHoldsNoLikelihood) {
  const auto metric = metrics::streaming_perplexity();
  EXPECT_NE(refusal(*metric, of_ids({0, 1}, {0, 1})).find("it needs logits [2, vocab]"),
            std::string::npos);
  EXPECT_EQ(
      refusal(*metric, {.predictions = torch::zeros({2, 3}), .label_ids = torch::tensor({0, 3})}),
      "metrics::perplexity met label 3, and the logits have a vocabulary of 3: ids go from 0 "
      "to 2. Only labels of -100 are left out; check the dataset's labels.");
  EXPECT_NE(refusal(*metrics::streaming_causal_perplexity(),
                    {.predictions = torch::zeros({2, 3}), .label_ids = torch::tensor({0, 1})})
                .find("labels [batch, seq] for a causal model"),
            std::string::npos);
}

TEST(Perplexity, PassesOverABatchOfPadding) {
  const EvalPrediction tokens{.predictions = torch::tensor({{{0.0, 1.0}, {2.0, 0.0}}}),
                              .label_ids = torch::tensor({{0, 1}})};
  const auto metric = metrics::streaming_perplexity();
  const Metrics alone = metrics::compute_over(*metric, tokens);
  metric->add({.predictions = torch::full({1, 2, 2}, -100.0),
               .label_ids = torch::full({1, 2}, -100, torch::kInt64)});
  EXPECT_EQ(metric->compute(), alone);
}

TEST(ComputeAll, GivesTheResultsInOrderAndRefusesTwoOfAName) {
  const std::vector<std::shared_ptr<StreamingMetric>> two{
      metrics::streaming_accuracy(),
      metrics::prefixed("macro_", metrics::streaming_f1({.average = Average::macro}))};
  const EvalPrediction whole = of_ids({0, 1, 1, 0}, {0, 1, 0, 1});
  const ComputeMetrics compute = metrics::compute_metrics_with(two);
  const Metrics expected{{"accuracy", 0.5}, {"macro_f1", 0.5}};
  EXPECT_EQ(compute(whole), expected);
  EXPECT_EQ(compute(whole), expected) << "the second evaluation starts anew";

  const std::vector<std::shared_ptr<StreamingMetric>> same{
      metrics::streaming_f1(), metrics::streaming_f1({.average = Average::macro})};
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { metrics::compute_metrics_with(same)(whole); }),
            "Two streaming metrics give 'f1', the second of them f1. Tell them apart with "
            "metrics::prefixed.");
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { metrics::compute_metrics_with({nullptr}); }),
            "Streaming metric number 1 is null.");
  EXPECT_THROW(metrics::prefixed("a_", nullptr), InvalidArgumentError);
}

}  // namespace
}  // namespace torchhub
