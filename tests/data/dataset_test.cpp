#include "torchhub/data/dataset.h"

#include "support/message_of.h"

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

TEST(TensorDataset, StacksTensorsOfAnyTypeAndLayout) {
  const std::vector<std::int64_t> indices{3, 0, 3};
  const torch::Tensor rows = torch::tensor(indices, torch::kInt64);
  const torch::Tensor real = torch::rand({4, 2, 3});
  for (const torch::Tensor& column :
       {real, real.transpose(1, 2), real.to(torch::kBFloat16), real > 0.5, torch::rand({4, 0, 2}),
        real.select(1, 1), torch::conj(torch::view_as_complex(torch::rand({4, 3, 2}))),
        real.detach().clone().requires_grad_()}) {
    const Batch batch = *TensorDataset({{"x", column}}).get_batch(indices);
    EXPECT_TRUE(torch::equal(batch.at("x"), column.index_select(0, rows))) << column;
    EXPECT_EQ(batch.at("x").scalar_type(), column.scalar_type());
  }
}

TEST(TensorDataset, SaysWhichSampleItDoesNotHave) {
  for (const std::int64_t index : {-1, 3}) {
    const std::vector<std::int64_t> indices{0, index};
    EXPECT_EQ(testing::message_of<InvalidArgumentError>([&] {
                TensorDataset({{"x", torch::arange(3)}}).get_batch(indices);
              }),
              "A TensorDataset of 3 samples has no sample " + std::to_string(index) + ".");
  }
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
