#include "torchhub/training/streaming_metric.h"

#include "torchhub/base/error.h"

#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::metrics {
namespace {

using StreamingMetrics = std::vector<std::shared_ptr<StreamingMetric>>;

class PrefixedMetric : public StreamingMetric {
 public:
  PrefixedMetric(std::string prefix, std::unique_ptr<StreamingMetric> metric)
      : prefix_(std::move(prefix)), metric_(std::move(metric)) {}

  std::string name() const override { return prefix_ + metric_->name(); }
  void add(const EvalPrediction& batch) override { metric_->add(batch); }
  Metrics compute() const override {
    Metrics result;
    const Metrics own = metric_->compute();
    for (const auto& [name, value] : own) result.set(prefix_ + name, own, name);
    return result;
  }
  void reset() override { metric_->reset(); }

 private:
  std::string prefix_;
  std::unique_ptr<StreamingMetric> metric_;
};

void require_no_null(const StreamingMetrics& metrics) {
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (!metrics[i]) {
      throw InvalidArgumentError(fmt::format("Streaming metric number {} is null.", i + 1));
    }
  }
}

}  // namespace

Metrics compute_all(const StreamingMetrics& metrics) {
  require_no_null(metrics);
  Metrics result;
  for (const auto& metric : metrics) {
    const Metrics own = metric->compute();
    for (const auto& [name, value] : own) {
      if (result.get(name)) {
        throw InvalidArgumentError(
            fmt::format("Two streaming metrics give '{}', the second of them {}. Tell them apart "
                        "with metrics::prefixed.",
                        name, metric->name()));
      }
      result.set(name, own, name);
    }
  }
  return result;
}

namespace {

/// Whole, or in the batches that it was handed over in (eval_do_concat_batches off).
void add_all(StreamingMetric& metric, const EvalPrediction& whole) {
  metric.reset();
  if (whole.batches.empty()) metric.add(whole);
  for (const EvalPrediction& batch : whole.batches) metric.add(batch);
}

}  // namespace

Metrics compute_over(StreamingMetric& metric, const EvalPrediction& whole) {
  add_all(metric, whole);
  return metric.compute();
}

ComputeMetrics compute_metrics_with(StreamingMetrics metrics) {
  require_no_null(metrics);
  return [metrics = std::move(metrics)](const EvalPrediction& whole) {
    for (const auto& metric : metrics) add_all(*metric, whole);
    return compute_all(metrics);
  };
}

std::unique_ptr<StreamingMetric> prefixed(std::string prefix,
                                          std::unique_ptr<StreamingMetric> metric) {
  if (!metric) throw InvalidArgumentError("metrics::prefixed was given no metric.");
  return std::make_unique<PrefixedMetric>(std::move(prefix), std::move(metric));
}

}  // namespace torchhub::metrics
