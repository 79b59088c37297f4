#pragma once

#include "torchhub/data/error.h"
#include "torchhub/fwd.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace torchhub {

/// The samples of one epoch, one after another. Used by one thread at a time, not always the same.
class SampleStream {
 public:
  virtual ~SampleStream() = default;

  /// The next sample: named tensors without a batch dimension. At the end nothing, and nothing ever
  /// after. What it throws ends the epoch.
  virtual std::optional<Batch> next() = 0;

  /// Passes over samples; this one reads and drops them. A stream that can seek does so here: it
  /// then resumes in the middle of an epoch without a replay, and a process does not read what
  /// belongs to another.
  /// @return how many there were: fewer than `samples` at the end only
  virtual std::int64_t skip(std::int64_t samples);
};

/// Samples that can only be had in order: a stream from elsewhere, or too many to number.
class IterableDataset {
 public:
  virtual ~IterableDataset() = default;

  /// The samples from the first on. The same ones in the same order each time it is asked for the
  /// same epoch, in every process: resuming and sharing among processes rest on it.
  virtual std::unique_ptr<SampleStream> open(std::int64_t epoch) const = 0;

  /// Samples an epoch, where that is known.
  virtual std::optional<std::int64_t> size() const { return std::nullopt; }
};

}  // namespace torchhub
