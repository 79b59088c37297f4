#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(TensorDataset, GivesRowsByNumberAndInBatches) {
  const TensorDataset dataset({{"x", torch::arange(6).reshape({3, 2})}, {"y", torch::arange(3)}});
  EXPECT_EQ(dataset.size(), 3);
  EXPECT_TRUE(torch::equal(dataset.get(1).at("x"), torch::tensor({2, 3})));
  const std::vector<std::int64_t> indices{2, 0};
  const auto batch = dataset.get_batch(indices);
  ASSERT_TRUE(batch.has_value());
  EXPECT_TRUE(torch::equal(batch->at("x"), torch::tensor({{4, 5}, {0, 1}})));
  EXPECT_TRUE(torch::equal(batch->at("y"), torch::tensor({2, 0})));
}

TEST(TensorDataset, FirstKeepsTheHeadAndNoMoreThanThereIs) {
  const TensorDataset dataset({{"x", torch::arange(5)}});
  EXPECT_EQ(dataset.first(2)->size(), 2);
  EXPECT_EQ(dataset.first(99)->size(), 5);
}

TEST(TensorDataset, NamesTheColumnOfAnotherLength) {
  try {
    TensorDataset({{"a", torch::zeros({2})}, {"b", torch::zeros({3})}});
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_STREQ(error.what(),
                 "Column 'b' of the TensorDataset has 3 rows, the ones before it have 2.");
  }
}

TEST(TensorDataset, RefusesNoColumnsAndScalars) {
  EXPECT_THROW(TensorDataset(Batch{}), InvalidArgumentError);
  EXPECT_THROW(TensorDataset({{"a", torch::tensor(1)}}), InvalidArgumentError);
}

}  // namespace
}  // namespace torchhub
