#pragma once

#include "torchhub/data/collator.h"
#include "torchhub/data/dataset.h"
#include "torchhub/data/sampler.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace torchhub {

struct DataLoaderOptions {
  std::int64_t batch_size = 8;  ///< Samples a batch. > 0.
  bool drop_last = false;       ///< Leave out a last batch that is not full.
  int num_workers = 0;      ///< Threads that prepare batches ahead; 0: the calling thread. >= 0.
  int prefetch_factor = 2;  ///< Batches ahead a worker. > 0.
  std::uint64_t seed = 0;   ///< Mixed with epoch and batch number for random collators.
};

/// Batches of one epoch, in order. Its threads end with it.
class EpochBatches {
 public:
  virtual ~EpochBatches() = default;
  /// The next batch, or nothing at the end. @throws what dataset or collator threw, in the order of
  /// the batches; every later call throws the same again
  virtual std::optional<Batch> next() = 0;
};

/// Dataset, sampler and collator put together. The number of workers never changes a batch.
class DataLoader {
 public:
  /// @param collator unset: default_data_collator, or the dataset's own get_batch()
  /// @throws InvalidArgumentError for options out of range
  DataLoader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const Sampler> sampler,
             Collator collator, DataLoaderOptions options);

  /// Batches an epoch.
  std::int64_t size() const;

  /// @param skip_batches start there; the ones before are never loaded. >= 0
  std::unique_ptr<EpochBatches> epoch(std::int64_t epoch, std::int64_t skip_batches = 0) const;

 private:
  std::shared_ptr<const Dataset> dataset_;
  std::shared_ptr<const Sampler> sampler_;
  Collator collator_;
  DataLoaderOptions options_;
};

}  // namespace torchhub
