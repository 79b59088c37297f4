// How samples are dealt to several processes, and how an epoch goes on with another number of them.

#include "data/number_batches.h"
#include "support/golden.h"
#include "torchhub/data/loader.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace torchhub {
namespace {

using testing::Batches;
using testing::numbers;
using testing::rest_of;
using testing::with_seed;

/// One by one, so that the collator is used.
class OneByOne final : public Dataset {
 public:
  explicit OneByOne(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  Batch get(std::int64_t index) const override { return {{"x", torch::tensor(index)}}; }

 private:
  std::int64_t size_;
};

DataLoaderOptions options_of(const nlohmann::json& c, std::int64_t rank) {
  return {.batch_size = c.at("batch_size"),
          .drop_last = c.at("drop_last"),
          .rank = rank,
          .world_size = c.at("world_size"),
          .even_batches = c.at("even_batches"),
          .split_batches = c.at("split_batches")};
}

/// The cases of tests/golden/data/shards.json for one kind of dataset.
std::vector<nlohmann::json> shards(bool stream) {
  std::vector<nlohmann::json> cases;
  for (auto& c : nlohmann::json::parse(testing::golden("data/shards.json"))) {
    if (c.at("stream") == stream) cases.push_back(std::move(c));
  }
  EXPECT_GT(cases.size(), 100U);
  return cases;
}

// Golden: accelerate's BatchSamplerShard, see tests/golden/README.md.
TEST(DataLoader, DealsTheSamplesOfAccelerateToEachProcess) {
  for (const auto& c : shards(false)) {
    for (std::int64_t rank = 0; rank < c.at("world_size"); ++rank) {
      const std::int64_t n = c.at("n");
      const DataLoader loader(numbers(n), std::make_shared<SequentialSampler>(n), {},
                              options_of(c, rank));
      const auto expected = c.at("ranks").at(static_cast<std::size_t>(rank)).get<Batches>();
      EXPECT_EQ(rest_of(*loader.epoch(0)), expected) << c << " rank " << rank;
      EXPECT_EQ(loader.size(), std::ssize(expected)) << c << " rank " << rank;
    }
  }
}

TEST(DataLoader, CountsTheRealSamplesOfBatchesGatheredFromAllProcesses) {
  const DataLoader loader(numbers(10), std::make_shared<SequentialSampler>(10), {},
                          {.batch_size = 2, .rank = 1, .world_size = 2});
  const auto batches = loader.epoch(0, 1);
  std::vector<std::int64_t> seen{batches->samples_seen()};
  while (batches->next()) seen.push_back(batches->samples_seen());
  EXPECT_EQ(seen, (std::vector<std::int64_t>{4, 8, 10}));  // the last step: 2 real of 4
}

TEST(DataLoader, GoesOnAtASampleAsAtABatch) {
  for (const int workers : {0, 2}) {
    for (const std::int64_t steps : {0, 1, 3, 4, 5, 99}) {
      SCOPED_TRACE(fmt::format("{} workers, {} steps", workers, steps));
      const DataLoader loader(
          std::make_shared<OneByOne>(29), std::make_shared<RandomSampler>(29, 3), with_seed,
          {.batch_size = 3, .num_workers = workers, .seed = 7, .rank = 1, .world_size = 2});
      for (const char* name : {"x", "seed"}) {
        EXPECT_EQ(rest_of(*loader.epoch_from_sample(2, steps * 6), name),
                  rest_of(*loader.epoch(2, steps), name));
      }
    }
  }
}

TEST(DataLoader, GoesOnWithAnotherNumberOfProcessesAndBatchSize) {
  const auto dataset = numbers(40);
  const auto sampler = std::make_shared<RandomSampler>(40, 3);
  const auto alone = DataLoader(dataset, sampler, {}, {.batch_size = 5}).epoch(1);
  std::vector<std::int64_t> samples;
  for (int i = 0; i < 3; ++i) {
    const torch::Tensor x = alone->next()->at("x");
    samples.insert(samples.end(), x.data_ptr<std::int64_t>(), x.data_ptr<std::int64_t>() + 5);
  }
  ASSERT_EQ(alone->samples_seen(), 15);
  std::vector<Batches> ranks;
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    const DataLoader loader(dataset, sampler, {}, {.batch_size = 4, .rank = rank, .world_size = 2});
    ranks.push_back(rest_of(*loader.epoch_from_sample(1, alone->samples_seen())));
    ASSERT_EQ(ranks.back().size(), 4U);
  }
  for (std::size_t step = 0; step < 4; ++step) {
    for (const Batches& batches : ranks) {
      samples.insert(samples.end(), batches[step].begin(), batches[step].end());
    }
  }
  const std::vector<std::int64_t> order = sampler->order(1);
  std::vector<std::int64_t> expected = order;
  expected.insert(expected.end(), order.begin(), order.begin() + 7);
  EXPECT_EQ(samples, expected);  // every sample once, then the start of the order to fill up
}

TEST(DataLoader, DrawsAnotherSeedOnEachProcess) {
  std::set<std::int64_t> seeds;
  for (std::int64_t rank = 0; rank < 3; ++rank) {
    const DataLoader loader(std::make_shared<OneByOne>(12), std::make_shared<SequentialSampler>(12),
                            with_seed, {.batch_size = 2, .rank = rank, .world_size = 3});
    for (const auto& batch : rest_of(*loader.epoch(0), "seed")) seeds.insert(batch.at(0));
  }
  EXPECT_EQ(seeds.size(), 6U);
}

TEST(DataLoader, NamesWhatIsWrongWithTheProcesses) {
  const auto problems = [](const DataLoaderOptions& options) {
    try {
      DataLoader(numbers(3), std::make_shared<SequentialSampler>(3), {}, options);
    } catch (const InvalidArgumentError& error) {
      return error.problems();
    }
    return std::vector<std::string>{};
  };
  EXPECT_EQ(problems({.world_size = 0}), std::vector<std::string>{"world_size must be above 0."});
  EXPECT_EQ(problems({.rank = 2, .world_size = 2}),
            std::vector<std::string>{"rank must be from 0 to below world_size (2); it is 2."});
  EXPECT_EQ(problems({.batch_size = 5, .world_size = 2, .split_batches = true}),
            std::vector<std::string>{
                "With split_batches, batch_size (5) must be a multiple of world_size (2)."});
}

}  // namespace
}  // namespace torchhub
