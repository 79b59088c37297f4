#pragma once

#include "torchhub/training/metrics.h"

#include <memory>
#include <string>
#include <vector>

namespace torchhub {

/// A metric that takes an evaluation batch by batch, so that nobody has to keep the predictions.
///
/// Those of torchhub need the same memory for ten samples as for ten million, but for
/// metrics::streaming_spearmanr, which says so. One object belongs to one thread at a time: in a
/// Trainer, the one that evaluates.
class StreamingMetric {
 public:
  virtual ~StreamingMetric() = default;

  /// For messages, such as "f1".
  virtual std::string name() const = 0;
  /// Counts one more batch. The tensors may be on any device. Nothing of them is kept.
  /// @throws InvalidArgumentError for a batch that does not fit; then nothing of it was counted
  virtual void add(const EvalPrediction& batch) = 0;
  /// The result over all batches since the beginning or the last reset(). More may follow.
  /// @throws InvalidArgumentError if nothing was counted, as scikit-learn raises ValueError
  virtual Metrics compute() const = 0;
  /// Forgets all batches.
  virtual void reset() = 0;
};

namespace metrics {

/// The results of several, in their order.
/// @throws InvalidArgumentError if two give the same name, or one is null
Metrics compute_all(const std::vector<std::shared_ptr<StreamingMetric>>& metrics);

/// Resets `metric`, gives it a whole evaluation at once and computes.
Metrics compute_over(StreamingMetric& metric, const EvalPrediction& whole);

/// The same for several, as TrainerOptions::compute_metrics takes it. The copies of what it returns
/// share the metrics.
ComputeMetrics compute_metrics_with(std::vector<std::shared_ptr<StreamingMetric>> metrics);

/// `metric` with `prefix` before each of its names, to have two of a kind: prefixed("macro_",
/// streaming_f1({.average = Average::macro})) gives "macro_f1". @param metric not null
std::unique_ptr<StreamingMetric> prefixed(std::string prefix,
                                          std::unique_ptr<StreamingMetric> metric);

}  // namespace metrics
}  // namespace torchhub
