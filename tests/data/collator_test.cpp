#include "torchhub/data/collator.h"

#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

TEST(DefaultDataCollator, StacksAndCallsTheLabelLabels) {
  const Batch batch =
      default_data_collator({{{"x", torch::tensor({1, 2})}, {"label", torch::tensor(3)}},
                             {{"x", torch::tensor({4, 5})}, {"label", torch::tensor(6)}}},
                            0);
  EXPECT_TRUE(torch::equal(batch.at("x"), torch::tensor({{1, 2}, {4, 5}})));
  EXPECT_TRUE(torch::equal(batch.at("labels"), torch::tensor({3, 6}, torch::kInt64)));
  EXPECT_FALSE(batch.contains("label"));
}

TEST(DefaultDataCollator, MakesLabelsInt64OrFloat32) {
  const Batch whole = default_data_collator({{{"label", torch::tensor(1, torch::kUInt8)}}}, 0);
  EXPECT_EQ(whole.at("labels").scalar_type(), torch::kInt64);
  const Batch real =
      default_data_collator({{{"label_ids", torch::tensor(1.5, torch::kFloat64)}}}, 0);
  EXPECT_EQ(real.at("labels").scalar_type(), torch::kFloat32);
}

TEST(DefaultDataCollator, NamesTheSampleThatLacksAName) {
  try {
    default_data_collator({{{"x", torch::tensor(1)}}, {{"y", torch::tensor(1)}}}, 0);
    FAIL() << "nothing was thrown";
  } catch (const DatasetError& error) {
    EXPECT_STREQ(error.what(),
                 "Sample 1 of a batch has no 'x', which the first one has. Give every sample the "
                 "same names.");
  }
}

TEST(DefaultDataCollator, RefusesShapesThatDiffer) {
  EXPECT_THROW(default_data_collator({{{"x", torch::zeros({2})}}, {{"x", torch::zeros({3})}}}, 0),
               DatasetError);
}

TEST(DefaultDataCollator, RefusesABatchWithoutSamples) {
  EXPECT_THROW(default_data_collator({}, 0), DatasetError);
}

TEST(DefaultDataCollator, RefusesToCutTheFractionOfALabel) {
  try {
    default_data_collator({{{"label", torch::tensor(1)}}, {{"label", torch::tensor(1.5)}}}, 0);
    FAIL() << "nothing was thrown";
  } catch (const DatasetError& error) {
    EXPECT_STREQ(error.what(),
                 "'label' of sample 1 of a batch is a real number, that of the first one a whole "
                 "number. Give all samples the same type of label.");
  }
}

TEST(DefaultDataCollator, TakesAnUndefinedTensorForAbsent) {
  const Batch batch = default_data_collator(
      {{{"label", torch::Tensor()}, {"label_ids", torch::tensor({1, 2})}}}, 0);
  EXPECT_TRUE(torch::equal(batch.at("labels"), torch::tensor({{1, 2}})));
  EXPECT_EQ(batch.size(), 1U);
}

}  // namespace
}  // namespace torchhub
