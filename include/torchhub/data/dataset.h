#pragma once

#include "torchhub/data/error.h"
#include "torchhub/fwd.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace torchhub {

/// Samples that can be had by number. The loader calls get() from several threads at once, so an
/// implementation must not change itself there.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;

  /// One sample: named tensors without a batch dimension. @param index in [0, size())
  virtual Batch get(std::int64_t index) const = 0;

  /// Several samples already stacked, for datasets that do so faster than one by one. Asked only
  /// where the user gave no collator; nothing means that the default one gets each sample.
  virtual std::optional<Batch> get_batch(std::span<const std::int64_t> indices) const;
};

/// Samples that lie in memory as one tensor a name, [size, ...] each.
class TensorDataset final : public Dataset {
 public:
  /// @throws InvalidArgumentError if there is no tensor, or the first sizes differ
  explicit TensorDataset(Batch columns);

  std::int64_t size() const override { return size_; }
  Batch get(std::int64_t index) const override;
  std::optional<Batch> get_batch(std::span<const std::int64_t> indices) const override;

  /// The first `count` samples (all, if there are fewer). Shares memory.
  std::shared_ptr<TensorDataset> first(std::int64_t count) const;

 private:
  Batch columns_;
  std::int64_t size_ = 0;
};

}  // namespace torchhub
