#pragma once

#include "data/batch_layout.h"
#include "torchhub/data/loader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// A batch that one thread has taken upon itself.
struct BatchTask {
  std::int64_t batch = 0;                  ///< Its number in the epoch on this process.
  std::int64_t samples_seen = 0;           ///< EpochBatches::samples_seen() once it is handed out.
  std::vector<std::int64_t> indices = {};  ///< Of a map-style dataset.
  std::vector<Batch> samples = {};         ///< Of a stream.
};

/// The batches of one epoch on this process.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  /// The next batch, or nothing at the end. One thread at a time, so that streams are read in
  /// order.
  virtual std::optional<BatchTask> claim() = 0;
  /// From any thread. @throws what dataset or collator throw, with epoch and batch named before it
  virtual Batch load(const BatchTask& task) const = 0;
  /// Samples that were skipped before the first batch.
  virtual std::int64_t first_sample() const = 0;
};

/// What the batches of an epoch have in common.
struct EpochPlan {
  BatchLayout layout;
  Collator collator;       ///< Unset: default_data_collator.
  std::uint64_t seed = 0;  ///< Of the loader.
  std::int64_t epoch = 0;
  bool pin_memory = false;
  std::optional<std::vector<std::string>> columns = std::nullopt;  ///< Unset: all.

  Batch collated(const std::vector<Batch>& samples, std::int64_t batch) const;
  /// A sample or a batch without the columns that are not asked for. @throws DatasetError if it has
  /// no other ones
  Batch asked_for(Batch given) const;
  /// As it leaves the loader.
  Batch handed_out(Batch batch) const;
  /// "loading batch 2 of epoch 0", for errors.
  std::string place_of(std::int64_t batch) const;
};

}  // namespace torchhub
