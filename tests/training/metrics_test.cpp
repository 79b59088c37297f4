#include "torchhub/training/metrics.h"

#include "torchhub/base/error.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

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

TEST(Accuracy, IsTheShareOfRightAnswers) {
  const torch::Tensor logits = torch::tensor({{0.1, 0.9}, {0.8, 0.2}, {0.3, 0.7}});
  EXPECT_DOUBLE_EQ(metrics::accuracy({.predictions = logits, .label_ids = torch::tensor({1, 0, 0})})
                       .at("accuracy"),
                   2.0 / 3);
  EXPECT_THROW(metrics::accuracy({.predictions = logits, .label_ids = {}}), InvalidArgumentError);
}

}  // namespace
}  // namespace torchhub
