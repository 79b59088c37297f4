#include "torchhub/data/loader.h"

#include "data/number_batches.h"
#include "support/message_of.h"
#include "support/stream_of.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <stdexcept>

namespace torchhub {
namespace {

using testing::message_of;
using testing::numbers;

/// Gives samples one by one, so that the collator is used; throws at one index.
class PickyDataset final : public Dataset {
 public:
  explicit PickyDataset(std::int64_t bad) : bad_(bad) {}
  std::int64_t size() const override { return 40; }
  Batch get(std::int64_t index) const override {
    if (index == bad_) throw DatasetError("unreadable");
    return {{"x", torch::tensor(index)}};
  }

 private:
  std::int64_t bad_;
};

std::vector<Batch> all_batches(const DataLoader& loader, std::int64_t epoch,
                               std::int64_t skip = 0) {
  std::vector<Batch> batches;
  const auto source = loader.epoch(epoch, skip);
  while (auto batch = source->next()) batches.push_back(std::move(*batch));
  return batches;
}

/// Noise that depends on nothing but the seed it is given.
Batch noisy_collator(const std::vector<Batch>& samples, std::uint64_t seed) {
  Batch batch = default_data_collator(samples, seed);
  const auto generator = at::detail::createCPUGenerator(seed);
  batch["noise"] = torch::rand({4}, generator, torch::kFloat64);
  return batch;
}

void expect_same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].size(), b[i].size());
    for (const auto& [name, tensor] : a[i]) EXPECT_TRUE(torch::equal(tensor, b[i].at(name))) << i;
  }
}

DataLoader loader_with(int workers) {
  return DataLoader(std::make_shared<PickyDataset>(-1), std::make_shared<RandomSampler>(40, 5),
                    noisy_collator, {.batch_size = 3, .num_workers = workers, .seed = 5});
}

TEST(DataLoader, CountsBatchesWithAndWithoutTheLastShortOne) {
  const auto count = [](bool drop_last) {
    return DataLoader(numbers(10), std::make_shared<SequentialSampler>(10), {},
                      {.batch_size = 4, .drop_last = drop_last});
  };
  EXPECT_EQ(count(false).size(), 3);
  EXPECT_EQ(count(true).size(), 2);
  EXPECT_EQ(all_batches(count(false), 0).back().at("x").size(0), 2);
  EXPECT_EQ(all_batches(count(true), 0).size(), 2U);
}

TEST(DataLoader, UsesTheCollatorThatWasGivenWithADatasetThatCanStackByItself) {
  const Collator doubled = [](const std::vector<Batch>& samples, std::uint64_t seed) {
    Batch batch = default_data_collator(samples, seed);
    batch.at("x").mul_(2);
    return batch;
  };
  const DataLoader loader(numbers(4), std::make_shared<SequentialSampler>(4), doubled,
                          {.batch_size = 4});
  EXPECT_TRUE(torch::equal(all_batches(loader, 0).at(0).at("x"), torch::arange(4) * 2));
}

TEST(DataLoader, CallsTheLabelLabelsWithADatasetThatCanStackByItself) {
  const auto dataset =
      std::make_shared<TensorDataset>(Batch{{"label", torch::arange(4, torch::kUInt8)}});
  const DataLoader loader(dataset, std::make_shared<SequentialSampler>(4), {}, {.batch_size = 4});
  const Batch batch = all_batches(loader, 0).at(0);
  ASSERT_TRUE(batch.contains("labels"));
  EXPECT_EQ(batch.at("labels").scalar_type(), torch::kInt64);
}

TEST(DataLoader, CollatesOnlyTheColumnsThatItWasAskedFor) {
  /// A column that cannot be stacked, and one that can.
  class Ragged final : public Dataset {
   public:
    std::int64_t size() const override { return 4; }
    Batch get(std::int64_t index) const override {
      return {{"x", torch::tensor(index)}, {"ragged", torch::zeros({index + 1})}};
    }
  };
  const auto ragged = std::make_shared<Ragged>();
  const auto stacked = std::make_shared<TensorDataset>(
      Batch{{"x", torch::arange(4)}, {"ragged", torch::zeros({4})}});
  const auto sequential = std::make_shared<SequentialSampler>(4);
  const DataLoaderOptions asked{.batch_size = 2, .num_workers = 1, .columns = {{"x", "y"}}};
  const std::vector<DataLoader> loaders = {{ragged, sequential, {}, asked},
                                           {ragged, sequential, default_data_collator, asked},
                                           {std::make_shared<testing::StreamOf>(ragged), {}, asked},
                                           {stacked, sequential, {}, asked}};
  const std::vector<Batch> expected = {{{"x", torch::tensor({0, 1})}},
                                       {{"x", torch::tensor({2, 3})}}};
  for (const DataLoader& loader : loaders) expect_same(all_batches(loader, 0), expected);
  const DataLoader none(ragged, sequential, {}, {.columns = {{"y"}}});
  EXPECT_EQ(message_of<DatasetError>([&] { all_batches(none, 0); }),
            "loading batch 0 of epoch 0: The dataset has no column that is read: it has ragged, x, "
            "and y are asked for. Rename its columns, or set remove_unused_columns to false.");
}

TEST(DataLoader, RefusesToStartBeforeTheFirstBatch) {
  const DataLoader loader(numbers(4), std::make_shared<SequentialSampler>(4), {}, {});
  EXPECT_THROW(loader.epoch(0, -1), InvalidArgumentError);
}

TEST(DataLoader, GivesTheSameBatchesWithAnyNumberOfWorkers) {
  const std::vector<Batch> alone = all_batches(loader_with(0), 2);
  for (const int workers : {1, 2, 5}) {
    SCOPED_TRACE(workers);
    expect_same(alone, all_batches(loader_with(workers), 2));
  }
}

TEST(DataLoader, DrawsAnotherSeedForEachBatchAndEpoch) {
  std::set<double> noise;
  for (const std::int64_t epoch : {0, 1}) {
    for (const Batch& batch : all_batches(loader_with(0), epoch)) {
      noise.insert(batch.at("noise")[0].item<double>());
    }
  }
  EXPECT_EQ(noise.size(), 28U);  // 14 batches in each of two epochs
}

TEST(DataLoader, SkipsWithoutLoadingWhatItSkips) {
  const std::vector<Batch> all = all_batches(loader_with(0), 1);
  for (const int workers : {0, 2}) {
    SCOPED_TRACE(workers);
    expect_same({all.begin() + 5, all.end()}, all_batches(loader_with(workers), 1, 5));
  }
  // Sample 0 comes first in sequential order: a loader that replayed would hit it.
  const DataLoader picky(std::make_shared<PickyDataset>(0), std::make_shared<SequentialSampler>(40),
                         {}, {.batch_size = 4});
  EXPECT_EQ(all_batches(picky, 0, 1).size(), 9U);
}

TEST(DataLoader, HandsOnWhatTheDatasetThrowsWithItsPlace) {
  for (const int workers : {0, 3}) {
    SCOPED_TRACE(workers);
    const DataLoader loader(std::make_shared<PickyDataset>(9),
                            std::make_shared<SequentialSampler>(40), {},
                            {.batch_size = 4, .num_workers = workers});
    const auto batches = loader.epoch(0);
    EXPECT_TRUE(batches->next());
    EXPECT_TRUE(batches->next());
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(message_of<DatasetError>([&] { batches->next(); }),
                "loading batch 2 of epoch 0: sample 9: unreadable");
    }
    EXPECT_EQ(batches->samples_seen(), 8);
  }
}

TEST(DataLoader, MakesADatasetErrorOfAnyOtherExceptionAndNestsIt) {
  for (const int workers : {0, 2}) {
    SCOPED_TRACE(workers);
    const DataLoader loader(
        numbers(8), std::make_shared<SequentialSampler>(8),
        [](const std::vector<Batch>&, std::uint64_t) -> Batch { throw std::length_error("short"); },
        {.batch_size = 4, .num_workers = workers});
    try {
      loader.epoch(0)->next();
      FAIL() << "nothing was thrown";
    } catch (const DatasetError& error) {
      EXPECT_STREQ(error.what(), "loading batch 0 of epoch 0: short");
      EXPECT_THROW(std::rethrow_if_nested(error), std::length_error);
    }
  }
}

/// Tells the test what its threads are doing.
class WatchedDataset final : public Dataset {
 public:
  std::int64_t size() const override { return 40; }
  Batch get(std::int64_t index) const override {
    std::unique_lock lock(mutex_);
    most_ahead_ = std::max(most_ahead_, index + 1 - taken_);
    ++started_;
    changed_.notify_all();
    return {{"x", torch::tensor(index)}};
  }
  void wait_until_started(std::int64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_ >= count; });
  }
  void take_one() {
    const std::lock_guard lock(mutex_);
    ++taken_;
  }
  std::int64_t most_ahead() const {
    const std::lock_guard lock(mutex_);
    return most_ahead_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::int64_t started_ = 0;     // guarded by mutex_
  mutable std::int64_t taken_ = 0;       // guarded by mutex_
  mutable std::int64_t most_ahead_ = 0;  // guarded by mutex_
};

TEST(DataLoader, LoadsAsFarAheadAsItWasToldAndNoFarther) {
  const auto dataset = std::make_shared<WatchedDataset>();
  const DataLoader loader(dataset, std::make_shared<SequentialSampler>(40), {},
                          {.batch_size = 1, .num_workers = 2, .prefetch_factor = 3});
  const auto batches = loader.epoch(0);
  dataset->wait_until_started(6);  // would hang if fewer were loaded ahead
  for (int i = 0; i < 40; ++i) {
    dataset->take_one();
    EXPECT_TRUE(batches->next());
  }
  EXPECT_FALSE(batches->next());
  EXPECT_EQ(dataset->most_ahead(), 6);
}

TEST(DataLoader, EndsItsThreadsWhenAnEpochIsLeftEarly) {
  const auto dataset = std::make_shared<WatchedDataset>();
  for (const int taken : {0, 1, 5}) {
    const DataLoader loader(dataset, std::make_shared<SequentialSampler>(40), {},
                            {.batch_size = 2, .num_workers = 3});
    auto batches = loader.epoch(0);
    for (int i = 0; i < taken; ++i) EXPECT_TRUE(batches->next());
    batches.reset();
    EXPECT_EQ(dataset.use_count(), 2);  // the loader's and ours: no thread has kept it
  }
}

TEST(DataLoader, NamesEveryOptionThatIsOutOfRange) {
  try {
    DataLoader(numbers(3), std::make_shared<SequentialSampler>(3), {},
               {.batch_size = 0, .num_workers = -1, .prefetch_factor = 0});
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_EQ(error.problems().size(), 3U);
  }
}

}  // namespace
}  // namespace torchhub
