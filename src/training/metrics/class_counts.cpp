#include "training/metrics/class_counts.h"

#include "training/metrics/class_ids.h"
#include "training/metrics/metric_input.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace torchhub::metrics {
namespace {

std::vector<std::int64_t> on_host(const at::Tensor& counts) {
  const at::Tensor host = counts.to(at::kCPU).contiguous();
  const auto* first = host.data_ptr<std::int64_t>();
  return {first, first + host.numel()};
}

}  // namespace

ClassCounts::ClassCounts(std::string metric, std::optional<std::int64_t> num_classes)
    : metric_(std::move(metric)), num_classes_(num_classes) {
  require_num_classes(num_classes, metric_);
}

void ClassCounts::add(const EvalPrediction& batch) {
  const ClassIds ids = counted_class_ids(batch, metric_, num_classes_);
  const std::int64_t had = counts_.defined() ? counts_.size(1) : 0;
  if (!counts_.defined() || ids.num_classes > had) {
    counts_ = grown_counts(counts_, 3, std::max(had, ids.num_classes), ids.labels);
  }
  const at::Tensor labels = ids.labels.to(counts_.device());
  const at::Tensor predicted = ids.predicted.to(counts_.device());
  // Not bincount: on CUDA it refuses to run where deterministic algorithms are demanded.
  const at::Tensor ones = labels.new_ones(labels.sizes());
  counts_.select(0, 0).index_add_(0, labels, labels.eq(predicted).to(at::kLong));
  counts_.select(0, 1).index_add_(0, predicted, ones);
  counts_.select(0, 2).index_add_(0, labels, ones);
}

ClassTotals ClassCounts::totals() const {
  if (!counts_.defined()) throw_nothing_counted(metric_);
  ClassTotals totals{.hits = on_host(counts_.select(0, 0)),
                     .predicted = on_host(counts_.select(0, 1)),
                     .labels = on_host(counts_.select(0, 2))};
  totals.correct = std::accumulate(totals.hits.begin(), totals.hits.end(), std::int64_t{0});
  totals.samples = std::accumulate(totals.labels.begin(), totals.labels.end(), std::int64_t{0});
  if (totals.samples == 0) throw_nothing_counted(metric_);
  return totals;
}

}  // namespace torchhub::metrics
