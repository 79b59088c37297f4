#include "torchhub/training/classification_metrics.h"
#include "training/metrics/class_ids.h"
#include "training/metrics/metric_input.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace torchhub::metrics {
namespace {

constexpr std::string_view kConfusionMatrix = "confusion_matrix";
/// Its square in int64 is 2 GiB.
constexpr std::int64_t kMaxMatrixClasses = std::int64_t{1} << 14;

}  // namespace

ConfusionMatrix::ConfusionMatrix(std::optional<std::int64_t> num_classes)
    : num_classes_(num_classes) {
  require_num_classes(num_classes, kConfusionMatrix, kMaxMatrixClasses);
}

void ConfusionMatrix::add(const EvalPrediction& batch) {
  const ClassIds ids = counted_class_ids(batch, kConfusionMatrix, num_classes_, kMaxMatrixClasses);
  const std::int64_t had = counts_.defined() ? counts_.size(0) : 0;
  const std::int64_t classes = std::max(had, ids.num_classes);
  if (!counts_.defined() || classes > had) {
    counts_ = grown_counts(counts_, classes, classes, ids.labels);
  }
  const at::Tensor cells = ids.labels.mul(classes).add(ids.predicted).to(counts_.device());
  counts_.view(-1).index_add_(0, cells, cells.new_ones(cells.sizes()));
}

void ConfusionMatrix::reset() { counts_ = at::Tensor(); }

at::Tensor ConfusionMatrix::matrix() const {
  if (!counts_.defined() || counts_.sum().item<std::int64_t>() == 0)
    throw_nothing_counted(kConfusionMatrix);
  return counts_.to(at::kCPU, at::kLong, /*non_blocking=*/false, /*copy=*/true);
}

at::Tensor confusion_matrix(const EvalPrediction& prediction,
                            std::optional<std::int64_t> num_classes) {
  ConfusionMatrix metric(num_classes);
  metric.add(prediction);
  return metric.matrix();
}

}  // namespace torchhub::metrics
