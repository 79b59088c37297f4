#include "training/metrics/metric_input.h"

#include "torchhub/base/error.h"

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace torchhub::metrics {

void require_predictions_and_labels(const EvalPrediction& prediction, std::string_view metric) {
  if (!prediction.label_ids.defined()) {
    throw InvalidArgumentError(fmt::format(
        "metrics::{} needs labels, and the evaluation dataset has none. Give its batches 'labels', "
        "or evaluate without this metric.",
        metric));
  }
  if (!prediction.predictions.defined()) {
    throw InvalidArgumentError(fmt::format(
        "metrics::{} needs predictions, and the model gave none. Return logits from its forward.",
        metric));
  }
}

std::string shape_text(const at::Tensor& tensor, std::string_view last) {
  std::string text;
  for (const std::int64_t size : tensor.sizes()) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", size);
  }
  if (!last.empty()) text += fmt::format("{}{}", text.empty() ? "" : ", ", last);
  return '[' + text + ']';
}

void throw_shapes_disagree(const EvalPrediction& prediction, std::string_view metric,
                           std::string_view needs) {
  throw InvalidArgumentError(fmt::format(
      "metrics::{} cannot match predictions {} with labels {}: it needs {}. Bring them into that "
      "shape in preprocess_logits_for_metrics, or in the collator.",
      metric, shape_text(prediction.predictions), shape_text(prediction.label_ids), needs));
}

at::Tensor whole_labels(const EvalPrediction& prediction, std::string_view metric) {
  const at::Tensor& labels = prediction.label_ids;
  if (!c10::isIntegralType(labels.scalar_type(), true)) {
    throw InvalidArgumentError(
        fmt::format("metrics::{} needs class ids as labels, and these are of type {}. For labels "
                    "that are measured, take a metric of regression_metrics.h.",
                    metric, c10::toString(labels.scalar_type())));
  }
  return labels.to(at::kLong);
}

void require_ids_below(const at::Tensor& ids, std::int64_t limit, std::string_view metric,
                       std::string_view what, std::string_view reason) {
  if (ids.numel() == 0) return;
  const auto smallest = ids.min().item<std::int64_t>();
  const auto largest = ids.max().item<std::int64_t>();
  if (smallest >= 0 && largest < limit) return;
  throw InvalidArgumentError(fmt::format(
      "metrics::{} met {} {}, and {}: ids go from 0 to {}. Only labels of {} are left "
      "out; check the dataset's labels.",
      metric, what, smallest < 0 ? smallest : largest, reason, limit - 1, kIgnoreIndex));
}

void throw_nothing_counted(std::string_view metric) {
  throw InvalidArgumentError(
      fmt::format("metrics::{} has nothing to compute from: the evaluation was empty, or each of "
                  "its labels was {}. Check the evaluation dataset.",
                  metric, kIgnoreIndex));
}

}  // namespace torchhub::metrics
