#include "training/metrics/paired_moments.h"

#include "training/metrics/metric_input.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace torchhub::metrics {
namespace {

/// [samples] or [samples, 1].
bool is_one_column(const at::Tensor& tensor) {
  return tensor.dim() == 1 || (tensor.dim() == 2 && tensor.size(1) == 1);
}

void join(Spread& spread, const Spread& more, double share, double weight) {
  const double distance = more.mean - spread.mean;
  spread.mean += distance * share;
  spread.squares += more.squares + distance * distance * weight;
  spread.min = std::min(spread.min, more.min);
  spread.max = std::max(spread.max, more.max);
}

}  // namespace

NumberPairs number_pairs(const EvalPrediction& prediction, std::string_view metric) {
  require_predictions_and_labels(prediction, metric);
  const at::Tensor& predictions = prediction.predictions;
  const at::Tensor& labels = prediction.label_ids;
  if (!is_one_column(predictions) || !is_one_column(labels) ||
      predictions.size(0) != labels.size(0)) {
    throw_shapes_disagree(prediction, metric, "[samples] or [samples, 1] of both");
  }
  return {.predictions = predictions.reshape({-1}).to(at::kDouble),
          .labels = labels.reshape({-1}).to(predictions.device(), at::kDouble)};
}

void PairedMoments::join(const PairedMoments& more) {
  if (more.count == 0) return;
  if (count == 0) {
    *this = more;
    return;
  }
  const auto total = static_cast<double>(count + more.count);
  const double share = static_cast<double>(more.count) / total;
  const double weight = static_cast<double>(count) * share;
  products += more.products + (more.predictions.mean - predictions.mean) *
                                  (more.labels.mean - labels.mean) * weight;
  metrics::join(predictions, more.predictions, share, weight);
  metrics::join(labels, more.labels, share, weight);
  squared_errors += more.squared_errors;
  absolute_errors += more.absolute_errors;
  count += more.count;
}

PairedMoments paired_moments(const NumberPairs& pairs) {
  const auto& [x, y] = pairs;
  if (x.numel() == 0) return {};
  const at::Tensor mean_x = x.mean();
  const at::Tensor mean_y = y.mean();
  const at::Tensor from_mean_x = x.sub(mean_x);
  const at::Tensor from_mean_y = y.sub(mean_y);
  const at::Tensor error = x.sub(y);
  const at::Tensor numbers =
      at::stack({mean_x, from_mean_x.square().sum(), x.min(), x.max(), mean_y,
                 from_mean_y.square().sum(), y.min(), y.max(), from_mean_x.mul(from_mean_y).sum(),
                 error.square().sum(), error.abs().sum()})
          .to(at::kCPU);
  const auto* n = numbers.data_ptr<double>();
  return {.count = x.numel(),
          .predictions = {.mean = n[0], .squares = n[1], .min = n[2], .max = n[3]},
          .labels = {.mean = n[4], .squares = n[5], .min = n[6], .max = n[7]},
          .products = n[8],
          .squared_errors = n[9],
          .absolute_errors = n[10]};
}

double correlation(const PairedMoments& moments) {
  if (moments.predictions.is_constant() || moments.labels.is_constant()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double value =
      moments.products / std::sqrt(moments.predictions.squares) / std::sqrt(moments.labels.squares);
  return std::isnan(value) ? value : std::clamp(value, -1.0, 1.0);
}

}  // namespace torchhub::metrics
