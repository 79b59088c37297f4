#include "torchhub/data/sampler.h"

#include "support/golden.h"
#include "support/message_of.h"
#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>

namespace torchhub {
namespace {

using Order = std::vector<std::int64_t>;

// Golden: torch 2.14.1, `torch.randperm(n, generator=torch.Generator().manual_seed(seed))`.
TEST(RandomSampler, GivesPythonsOrderForEachEpoch) {
  const RandomSampler sampler(10, 42);
  EXPECT_EQ(sampler.order(0), (Order{2, 6, 1, 8, 4, 5, 0, 9, 3, 7}));
  EXPECT_EQ(sampler.order(1), (Order{8, 4, 9, 0, 5, 1, 6, 7, 2, 3}));
  EXPECT_EQ(sampler.order(2), (Order{2, 6, 3, 8, 7, 9, 1, 4, 5, 0}));
}

TEST(RandomSampler, GivesPythonsOrderOfManySamples) {
  const Order order = RandomSampler(60000, 7).order(0);
  EXPECT_EQ(Order(order.begin(), order.begin() + 5), (Order{21615, 50166, 37383, 3791, 38823}));
  EXPECT_EQ(Order(order.end() - 5, order.end()), (Order{51638, 5524, 44752, 26176, 40145}));
}

TEST(RandomSampler, LeavesTheGlobalGeneratorAlone) {
  torch::manual_seed(1);
  const torch::Tensor before = torch::rand({3});
  torch::manual_seed(1);
  RandomSampler(100, 5).order(0);
  EXPECT_TRUE(torch::equal(before, torch::rand({3})));
}

TEST(RandomSampler, TakesEverySampleOnce) {
  Order order = RandomSampler(1000, 9).order(4);
  std::sort(order.begin(), order.end());
  Order all(1000);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(order, all);
}

TEST(SequentialSampler, KeepsTheOrderInEveryEpoch) {
  EXPECT_EQ(SequentialSampler(4).order(7), (Order{0, 1, 2, 3}));
}

// Golden: transformers' get_length_grouped_indices, see tests/golden/README.md.
TEST(LengthGroupedSampler, GivesPythonsOrderForTheSameGenerator) {
  const auto cases = nlohmann::json::parse(testing::golden("data/length_grouped.json"));
  ASSERT_GT(cases.size(), 10U);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.at("lengths").size());
    const LengthGroupedSampler sampler(c.at("lengths").get<Order>(), c.at("batch_size"),
                                       c.at("seed"));
    EXPECT_EQ(sampler.order(c.at("epoch")), c.at("order").get<Order>());
  }
}

TEST(LengthGroupedSampler, TakesNoSamplesButNoBatchOfNone) {
  EXPECT_TRUE(LengthGroupedSampler({}, 4, 1).order(0).empty());
  EXPECT_EQ(testing::message_of<InvalidArgumentError>([] { LengthGroupedSampler({1}, 0, 1); }),
            "batch_size of a LengthGroupedSampler must be above 0; it is 0.");
}

TEST(LengthsOf, TakesTheColumnOfLengthsAndElseTheLengthOfTheInput) {
  const TensorDataset both(
      {{"input_ids", torch::zeros({2, 5})}, {"length", torch::tensor({3, 4})}});
  EXPECT_EQ(lengths_of(both), (Order{3, 4}));
  EXPECT_EQ(lengths_of(both, "none"), (Order{5, 5}));
  EXPECT_EQ(testing::message_of<InvalidArgumentError>([&] { lengths_of(both, "a", "b"); }),
            "Sample 0 has neither a number 'a' nor 'b' to group by length. Name the column of "
            "lengths, or train with another train_sampling_strategy.");
}

}  // namespace
}  // namespace torchhub
