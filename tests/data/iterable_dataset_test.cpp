#include "torchhub/data/iterable_dataset.h"

#include "data/number_batches.h"
#include "support/golden.h"
#include "support/message_of.h"
#include "torchhub/data/loader.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>

namespace torchhub {
namespace {

using testing::Batches;
using testing::message_of;
using testing::rest_of;
using testing::with_seed;

/// epoch * 100, epoch * 100 + 1, ... without a way to seek.
class Counting : public IterableDataset {
 public:
  explicit Counting(std::int64_t size, bool sized = true) : size_(size), sized_(sized) {}

  std::unique_ptr<SampleStream> open(std::int64_t epoch) const override {
    return std::make_unique<Stream>(*this, epoch * 100);
  }
  std::optional<std::int64_t> size() const override {
    return sized_ ? std::optional(size_) : std::nullopt;
  }
  std::int64_t samples_read() const { return read_; }
  std::int64_t samples() const { return size_; }

 protected:
  class Stream : public SampleStream {
   public:
    Stream(const Counting& dataset, std::int64_t first) : dataset_(dataset), first_(first) {}
    std::optional<Batch> next() override {
      if (at_ >= dataset_.size_) return std::nullopt;
      ++dataset_.read_;
      return Batch{{"x", torch::tensor(first_ + at_++)}};
    }

   protected:
    const Counting& dataset_;
    std::int64_t first_;
    std::int64_t at_ = 0;
  };

 private:
  std::int64_t size_;
  bool sized_;
  mutable std::atomic<std::int64_t> read_ = 0;
};

/// The same with a way to seek.
class Seekable final : public Counting {
 public:
  using Counting::Counting;
  std::unique_ptr<SampleStream> open(std::int64_t epoch) const override {
    return std::make_unique<SeekingStream>(*this, epoch * 100);
  }

 private:
  class SeekingStream final : public Stream {
   public:
    using Stream::Stream;
    std::int64_t skip(std::int64_t samples) override {
      const std::int64_t skipped = std::min(samples, dataset_.samples() - at_);
      at_ += skipped;
      return skipped;
    }
  };
};

/// Throws instead of sample 7.
class Broken final : public IterableDataset {
 public:
  std::unique_ptr<SampleStream> open(std::int64_t) const override {
    return std::make_unique<Stream>();
  }

 private:
  class Stream final : public SampleStream {
    std::optional<Batch> next() override {
      if (at_ == 7) throw std::runtime_error("connection lost");
      return Batch{{"x", torch::tensor(at_++)}};
    }
    std::int64_t at_ = 0;
  };
};

TEST(IterableDataset, GivesTheSameBatchesWithAnyNumberOfWorkers) {
  for (const char* name : {"x", "seed"}) {
    Batches alone;
    for (const int workers : {0, 1, 3}) {
      SCOPED_TRACE(workers);
      const DataLoader loader(std::make_shared<Counting>(29), with_seed,
                              {.batch_size = 3, .num_workers = workers, .seed = 5});
      const Batches batches = rest_of(*loader.epoch(1), name);
      EXPECT_EQ(batches.size(), 10U);
      if (workers == 0) alone = batches;
      EXPECT_EQ(batches, alone);
    }
  }
}

// Golden: accelerate's IterableDatasetShard, see tests/golden/README.md.
TEST(IterableDataset, DealsTheSamplesOfAccelerateToEachProcess) {
  std::int64_t cases = 0;
  for (const auto& c : nlohmann::json::parse(testing::golden("data/shards.json"))) {
    if (!c.at("stream")) continue;
    for (std::int64_t rank = 0; rank < c.at("world_size"); ++rank) {
      const DataLoader loader(std::make_shared<Seekable>(c.at("n"), cases % 2 == 0), {},
                              {.batch_size = c.at("batch_size"),
                               .drop_last = c.at("drop_last"),
                               .rank = rank,
                               .world_size = c.at("world_size"),
                               .split_batches = c.at("split_batches")});
      const auto expected = c.at("ranks").at(static_cast<std::size_t>(rank)).get<Batches>();
      EXPECT_EQ(rest_of(*loader.epoch(0)), expected) << c << " rank " << rank;
      EXPECT_EQ(loader.num_batches().value_or(std::ssize(expected)), std::ssize(expected)) << c;
      ++cases;
    }
  }
  EXPECT_GT(cases, 200);
}

TEST(IterableDataset, DealsAsAMapStyleDatasetDoesWhereBatchesAreUneven) {
  for (std::int64_t n = 0; n < 14; ++n) {
    for (const bool split : {false, true}) {
      for (std::int64_t rank = 0; rank < 3; ++rank) {
        SCOPED_TRACE(fmt::format("{} samples, rank {}, split {}", n, rank, split));
        const DataLoaderOptions options{.batch_size = 3,
                                        .rank = rank,
                                        .world_size = 3,
                                        .even_batches = false,
                                        .split_batches = split};
        const DataLoader map(std::make_shared<TensorDataset>(Batch{{"x", torch::arange(n)}}),
                             std::make_shared<SequentialSampler>(n), {}, options);
        const DataLoader stream(std::make_shared<Counting>(n), {}, options);
        EXPECT_EQ(rest_of(*stream.epoch(0)), rest_of(*map.epoch(0)));
        EXPECT_EQ(stream.size(), map.size());
      }
    }
  }
}

TEST(IterableDataset, GoesOnInTheMiddleOfAnEpochAndReadsOnlyWhatItMustWhereItCanSeek) {
  for (const int workers : {0, 2}) {
    SCOPED_TRACE(workers);
    const DataLoaderOptions options{
        .batch_size = 3, .num_workers = workers, .seed = 2, .rank = 1, .world_size = 2};
    const Batches all = rest_of(*DataLoader(std::make_shared<Counting>(28), {}, options).epoch(1));
    ASSERT_EQ(all.size(), 5U);
    for (const std::int64_t steps : {1, 3, 5, 99}) {
      SCOPED_TRACE(steps);
      const Batches rest(all.begin() + std::min<std::int64_t>(steps, 5), all.end());
      const DataLoader slow(std::make_shared<Counting>(28), {}, options);
      EXPECT_EQ(rest_of(*slow.epoch(1, steps)), rest);
      const auto seekable = std::make_shared<Seekable>(28);
      const DataLoader quick(seekable, {}, options);
      EXPECT_EQ(rest_of(*quick.epoch(1, steps)), rest);
      // Of the last block 4 samples are there, and 2 come from the start of the epoch.
      EXPECT_EQ(seekable->samples_read(), steps < 5 ? (5 - steps) * 3 : 0);
    }
  }
}

TEST(IterableDataset, CountsTheSamplesOfAllProcesses) {
  const DataLoader loader(std::make_shared<Counting>(10, false), {},
                          {.batch_size = 2, .world_size = 2});
  const auto batches = loader.epoch(0, 1);
  std::vector<std::int64_t> seen{batches->samples_seen()};
  while (batches->next()) seen.push_back(batches->samples_seen());
  EXPECT_EQ(seen, (std::vector<std::int64_t>{4, 8, 10}));
}

TEST(IterableDataset, HandsOnWhatTheStreamThrowsAfterTheBatchesBeforeIt) {
  for (const int workers : {0, 3}) {
    SCOPED_TRACE(workers);
    const DataLoader loader(std::make_shared<Broken>(), {},
                            {.batch_size = 2, .num_workers = workers});
    const auto batches = loader.epoch(0);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(batches->next());
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(message_of<DatasetError>([&] { batches->next(); }),
                "loading batch 3 of epoch 0: connection lost");
    }
  }
}

TEST(IterableDataset, EndsItsThreadsWhenAnEndlessEpochIsLeftEarly) {
  const DataLoader loader(std::make_shared<Counting>(std::int64_t{1} << 60), {},
                          {.batch_size = 2, .num_workers = 3});
  EXPECT_TRUE(loader.epoch(0)->next());
}

TEST(IterableDataset, SaysThatItsSizeIsNotKnown) {
  const DataLoader loader(std::make_shared<Counting>(4, false), {}, {});
  EXPECT_FALSE(loader.num_batches());
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { loader.size(); }),
            "This loader reads a stream that does not say how many samples it has. Ask "
            "num_batches(), or give the IterableDataset a size().");
}

}  // namespace
}  // namespace torchhub
