#pragma once

#include "torchhub/data/loader.h"

#include <cstdint>

namespace torchhub {

/// How an epoch's samples are dealt to the processes: what accelerate's BatchSamplerShard and
/// IterableDatasetShard do, in closed form. Each step takes the next block() samples of the order,
/// and each process its share() of the block.
class BatchLayout {
 public:
  explicit BatchLayout(const DataLoaderOptions& options);

  /// Samples that all processes together take in a step.
  std::int64_t block() const { return share_ * world_size_; }
  /// Those of this process.
  std::int64_t share() const { return share_; }
  /// Where they begin in the block.
  std::int64_t share_begin() const { return share_ * rank_; }
  /// A last block that is not full is filled up with samples from the start of the order.
  bool wraps() const { return wraps_; }
  bool drops_last() const { return drop_last_; }

  /// Steps in which this process has a batch when `samples` lie ahead.
  std::int64_t num_batches(std::int64_t samples) const;
  /// A number that no other batch of the epoch has, on any process.
  std::int64_t number_of(std::int64_t batch) const { return batch * world_size_ + rank_; }

 private:
  std::int64_t share_;
  std::int64_t rank_;
  std::int64_t world_size_;
  bool drop_last_;
  bool wraps_;
};

}  // namespace torchhub
