#include "torchhub/training/loss.h"

#include "support/golden.h"
#include "torchhub/base/error.h"
#include "torchhub/training/metrics.h"
#include "training/autocast.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

torch::Tensor labels_of(const nlohmann::json& json) {
  if (!json.front().is_array()) return torch::tensor(json.get<std::vector<std::int64_t>>());
  std::vector<torch::Tensor> rows;
  for (const auto& row : json) rows.push_back(labels_of(row));
  return torch::stack(rows);
}

// Golden: transformers 5.12.1 LabelSmoother (tools/make_golden_losses.py).
TEST(LabelSmoothing, GivesPythonsLoss) {
  const auto golden = nlohmann::json::parse(testing::golden("training/losses.json"));
  for (const auto& c : golden.at("cases")) {
    SCOPED_TRACE(c.dump());
    const auto shape = c.at("shape").get<std::vector<std::int64_t>>();
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    const torch::Tensor logits =
        torch::sin(torch::arange(count, torch::kFloat32)).reshape(shape) * 3;
    const torch::Tensor loss =
        label_smoothed_loss(logits, labels_of(c.at("labels")),
                            {.epsilon = c.at("epsilon"), .shift_labels = c.at("shift")});
    EXPECT_NEAR(loss.item<double>(), c.at("loss").get<double>(), 1e-6);
  }
}

// TD-2: Python divides each micro-batch by its own labels, so that four of them count four times.
TEST(LabelSmoothing, OfMicroBatchesAddsUpToThatOfTheWhole) {
  const torch::Tensor logits = torch::randn({8, 5, 4});
  torch::Tensor labels = torch::randint(4, {8, 5});
  labels.narrow(0, 0, 3).narrow(1, 1, 4).fill_(metrics::kIgnoreIndex);
  const double whole = label_smoothed_loss(logits, labels, {}).item<double>();
  double parts = 0;
  for (std::int64_t i = 0; i < 8; i += 2) {
    parts += label_smoothed_loss(logits.narrow(0, i, 2), labels.narrow(0, i, 2),
                                 {.num_items = count_items(labels, false)})
                 .item<double>();
  }
  EXPECT_NEAR(whole, parts, 1e-6);
}

TEST(LabelSmoothing, SaysWhichShapesDoNotGoTogether) {
  EXPECT_THROW(label_smoothed_loss(torch::randn({4, 3}), torch::randn({4}), {}),
               InvalidArgumentError);
  EXPECT_THROW(label_smoothed_loss(torch::randn({4, 3}), torch::zeros({5}, torch::kInt64), {}),
               InvalidArgumentError);
}

TEST(CountItems, LeavesOutIgnoredLabelsAndTheFirstOfShiftedRows) {
  const torch::Tensor labels = torch::tensor({1, 2, -100, 3, -100, 4}).reshape({2, 3});
  EXPECT_EQ(count_items(labels, false), 4);
  EXPECT_EQ(count_items(labels, true), 2);
  EXPECT_EQ(count_items(torch::tensor({5, 6}), true), 2);  // one label a sample: nothing to shift
}

TEST(Autocast, RunsProductsInTheSmallerTypeAndEndsWithItsScope) {
  const torch::Tensor a = torch::randn({3, 3});
  {
    const AutocastGuard guard(torch::kCPU, torch::kBFloat16);
    EXPECT_EQ(torch::mm(a, a).scalar_type(), torch::kBFloat16);
  }
  EXPECT_EQ(torch::mm(a, a).scalar_type(), torch::kFloat32);
  const AutocastGuard none(torch::kCPU, std::nullopt);
  EXPECT_EQ(torch::mm(a, a).scalar_type(), torch::kFloat32);
}

}  // namespace
}  // namespace torchhub
