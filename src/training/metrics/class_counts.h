#pragma once

#include "torchhub/training/metrics.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchhub::metrics {

/// A confusion matrix's diagonal and its two margins: enough for every score but the matrix itself,
/// and small even for a vocabulary, where the matrix would take gigabytes.
struct ClassTotals {
  std::vector<std::int64_t> hits;       ///< By class: label and prediction.
  std::vector<std::int64_t> predicted;  ///< By class: how often predicted.
  std::vector<std::int64_t> labels;     ///< By class: how often the label.
  std::int64_t correct = 0;             ///< Sum of hits.
  std::int64_t samples = 0;             ///< Sum of labels, and of predicted.
};

/// Adds them up over batches, on the device of the first.
class ClassCounts {
 public:
  /// @param metric for messages  @param num_classes unset: grows with the ids
  /// @throws InvalidArgumentError if it is below 1 or too large
  explicit ClassCounts(std::string metric, std::optional<std::int64_t> num_classes = std::nullopt);

  const std::string& metric() const { return metric_; }
  void add(const EvalPrediction& batch);
  void reset() { counts_ = at::Tensor(); }
  /// @throws InvalidArgumentError if nothing was counted
  ClassTotals totals() const;

 private:
  std::string metric_;
  std::optional<std::int64_t> num_classes_;
  at::Tensor counts_;  ///< int64 [3, classes]: hits, predicted, labels; undefined before any batch
};

}  // namespace torchhub::metrics
