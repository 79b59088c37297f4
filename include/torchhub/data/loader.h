#pragma once

#include "torchhub/data/collator.h"
#include "torchhub/data/dataset.h"
#include "torchhub/data/iterable_dataset.h"
#include "torchhub/data/sampler.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

struct DataLoaderOptions {
  std::int64_t batch_size = 8;  ///< Samples a batch; with split_batches: of all processes. > 0.
  bool drop_last = false;       ///< Leave out last batches that are not full on every process.
  int num_workers = 0;      ///< Threads that prepare batches ahead; 0: the calling thread. >= 0.
  int prefetch_factor = 2;  ///< Batches ahead a worker. > 0.
  std::uint64_t seed = 0;   ///< Mixed with epoch and batch number for random collators.
  std::int64_t rank = 0;    ///< Which of the processes this is. In [0, world_size).
  std::int64_t world_size = 1;  ///< Processes that share the samples of an epoch. > 0.
  /// With several processes: the last batches are filled up with samples from the start of the
  /// epoch's order, so that all processes have the same number of full ones. Off: some may have
  /// fewer.
  bool even_batches = true;
  /// Batches in page-locked memory, from which a GPU copies while the program goes on. No effect
  /// without CUDA.
  bool pin_memory = false;
  /// Cut each batch in world_size equal parts, instead of dealing whole batches round robin.
  bool split_batches = false;
  /// The columns of samples that are collated; others are dropped before. Unset: all.
  std::optional<std::vector<std::string>> columns = std::nullopt;
};

/// Batches of one epoch, in order. Its threads end with it. Used from one thread.
class EpochBatches {
 public:
  virtual ~EpochBatches() = default;
  /// The next batch, or nothing at the end. @throws what dataset or collator threw, in the order of
  /// the batches, with the place before it (an exception that is no torchhub::Error: DatasetError
  /// with the original nested); every later call throws the same again
  virtual std::optional<Batch> next() = 0;
  /// Samples of the epoch's order that all processes together have had by now, those skipped
  /// included. A checkpoint keeps it for DataLoader::epoch_from_sample(). What a next() adds to it
  /// is how many samples of the batches gathered from all processes, in the order of their ranks,
  /// are real: those after them repeat the start of the order.
  virtual std::int64_t samples_seen() const = 0;
};

/// Dataset, sampler and collator put together. The number of workers never changes a batch: samples
/// of a stream are read by one worker at a time, in order, and collated by all.
class DataLoader {
 public:
  /// @param collator unset: default_data_collator, or the dataset's own get_batch()
  /// @throws InvalidArgumentError for options out of range
  DataLoader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const Sampler> sampler,
             Collator collator, DataLoaderOptions options);

  /// Batches of a stream. Each process passes through the whole of it and keeps its share; to fill
  /// up the last batches it opens the stream again.
  DataLoader(std::shared_ptr<const IterableDataset> dataset, Collator collator,
             DataLoaderOptions options);

  /// Batches an epoch on this process. @throws InvalidArgumentError for a stream that does not know
  std::int64_t size() const;
  /// The same; nothing for a stream that does not know. @param samples_seen that
  /// epoch_from_sample() leaves out. >= 0
  std::optional<std::int64_t> num_batches(std::int64_t samples_seen = 0) const;
  /// Samples an epoch, those of all processes; nothing for a stream that does not know.
  std::optional<std::int64_t> num_samples() const;
  /// Samples of one batch of each process, together.
  std::int64_t samples_per_batch() const;

  /// @param skip_batches start there; the ones before are never loaded: see SampleStream::skip().
  /// >= 0
  std::unique_ptr<EpochBatches> epoch(std::int64_t epoch, std::int64_t skip_batches = 0) const;

  /// The epoch without the first samples of its order, whichever number of processes and batch size
  /// they were seen with: what EpochBatches::samples_seen() said. In the layout of this loader, k
  /// whole steps seen is the same as epoch(epoch, k), random collators included. @throws
  /// InvalidArgumentError if samples_seen is negative
  std::unique_ptr<EpochBatches> epoch_from_sample(std::int64_t epoch,
                                                  std::int64_t samples_seen) const;

 private:
  std::shared_ptr<const Dataset> dataset_;
  std::shared_ptr<const Sampler> sampler_;
  std::shared_ptr<const IterableDataset> stream_;  // instead of the two above
  Collator collator_;
  DataLoaderOptions options_;
};

}  // namespace torchhub
