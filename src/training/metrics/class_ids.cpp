#include "training/metrics/class_ids.h"

#include "torchhub/base/error.h"
#include "training/metrics/metric_input.h"

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace torchhub::metrics {
namespace {

/// Logits have one dimension more than the labels: [samples, classes] for [samples].
bool are_logits(const at::Tensor& predictions, const at::Tensor& labels) {
  return predictions.dim() == labels.dim() + 1 &&
         predictions.sizes().slice(0, labels.dim()) == labels.sizes() && predictions.size(-1) > 0;
}

/// What the predictions say, [...] as the labels.
at::Tensor predicted_ids(const EvalPrediction& prediction, std::string_view metric) {
  const at::Tensor& predictions = prediction.predictions;
  if (are_logits(predictions, prediction.label_ids)) return predictions.argmax(-1);
  if (predictions.sizes() != prediction.label_ids.sizes()) {
    throw_shapes_disagree(
        prediction, metric,
        fmt::format("logits {} or class ids {}", shape_text(prediction.label_ids, "classes"),
                    shape_text(prediction.label_ids)));
  }
  if (!c10::isIntegralType(predictions.scalar_type(), true)) {
    throw InvalidArgumentError(fmt::format(
        "metrics::{} takes predictions {} for labels of the same shape as class ids, and these are "
        "of type {}. Give logits {}, or whole numbers.",
        metric, shape_text(predictions), c10::toString(predictions.scalar_type()),
        shape_text(prediction.label_ids, "classes")));
  }
  return predictions.to(at::kLong);
}

struct Limit {
  std::int64_t classes;
  bool is_size;        ///< There are so many classes; else it is only the most that there can be.
  std::string reason;  ///< For messages.
};

Limit limit_of(const EvalPrediction& prediction, std::string_view metric,
               std::optional<std::int64_t> num_classes, std::int64_t max_classes) {
  if (num_classes) return {*num_classes, true, fmt::format("num_classes is {}", *num_classes)};
  if (!are_logits(prediction.predictions, prediction.label_ids)) {
    return {max_classes, false, fmt::format("{} classes are the most it can count", max_classes)};
  }
  const std::int64_t classes = prediction.predictions.size(-1);
  if (classes <= max_classes) {
    return {classes, true, fmt::format("the logits have {} classes", classes)};
  }
  throw InvalidArgumentError(
      fmt::format("metrics::{} can count {} classes at most, and the logits have {}. Give it class "
                  "ids, or num_classes if fewer occur.",
                  metric, max_classes, classes));
}

std::int64_t largest(const at::Tensor& ids) {
  return ids.numel() == 0 ? -1 : ids.max().item<std::int64_t>();
}

}  // namespace

ClassIds counted_class_ids(const EvalPrediction& prediction, std::string_view metric,
                           std::optional<std::int64_t> num_classes, std::int64_t max_classes) {
  require_predictions_and_labels(prediction, metric);
  const at::Tensor predicted = predicted_ids(prediction, metric).reshape({-1});
  const at::Tensor labels = whole_labels(prediction, metric).to(predicted.device()).reshape({-1});
  const at::Tensor counted = labels.ne(kIgnoreIndex).nonzero().squeeze(1);
  ClassIds ids{.predicted = predicted.index_select(0, counted),
               .labels = labels.index_select(0, counted)};
  const Limit limit = limit_of(prediction, metric, num_classes, max_classes);
  require_ids_below(ids.labels, limit.classes, metric, "label", limit.reason);
  require_ids_below(ids.predicted, limit.classes, metric, "predicted class", limit.reason);
  ids.num_classes =
      limit.is_size ? limit.classes : std::max(largest(ids.labels), largest(ids.predicted)) + 1;
  return ids;
}

void require_num_classes(std::optional<std::int64_t> num_classes, std::string_view metric,
                         std::int64_t max_classes) {
  if (!num_classes || (*num_classes >= 1 && *num_classes <= max_classes)) return;
  throw InvalidArgumentError(fmt::format("metrics::{}: num_classes is {}; it goes from 1 to {}.",
                                         metric, *num_classes, max_classes));
}

at::Tensor grown_counts(const at::Tensor& counts, std::int64_t rows, std::int64_t columns,
                        const at::Tensor& like) {
  if (!counts.defined()) return like.new_zeros({rows, columns});
  at::Tensor larger = counts.new_zeros({rows, columns});
  larger.slice(0, 0, counts.size(0)).slice(1, 0, counts.size(1)).copy_(counts);
  return larger;
}

}  // namespace torchhub::metrics
