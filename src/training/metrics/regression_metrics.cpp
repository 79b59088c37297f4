#include "torchhub/training/regression_metrics.h"

#include "training/metrics/metric_input.h"
#include "training/metrics/paired_moments.h"
#include "training/metrics/ranks.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::metrics {
namespace {

using Formula = double (*)(const PairedMoments&);

/// Every metric here but Spearman's is a name and a formula over the same moments.
class MomentsMetric : public StreamingMetric {
 public:
  MomentsMetric(std::string name, Formula formula) : name_(std::move(name)), formula_(formula) {}

  std::string name() const override { return name_; }
  void add(const EvalPrediction& batch) override {
    moments_.join(paired_moments(number_pairs(batch, name_)));
  }
  Metrics compute() const override {
    if (moments_.count == 0) throw_nothing_counted(name_);
    return {{name_, formula_(moments_)}};
  }
  void reset() override { moments_ = {}; }

 private:
  std::string name_;
  Formula formula_;
  PairedMoments moments_;
};

class SpearmanR : public StreamingMetric {
 public:
  std::string name() const override { return "spearmanr"; }
  void add(const EvalPrediction& batch) override {
    const NumberPairs pairs = number_pairs(batch, name());
    append(predictions_, pairs.predictions);
    append(labels_, pairs.labels);
  }
  Metrics compute() const override {
    if (labels_.empty()) throw_nothing_counted(name());
    return {{"spearmanr", rank_correlation(predictions_, labels_)}};
  }
  void reset() override {
    predictions_ = {};
    labels_ = {};
  }

 private:
  static void append(std::vector<double>& numbers, const at::Tensor& more) {
    const at::Tensor host = more.to(at::kCPU).contiguous();
    const auto* first = host.data_ptr<double>();
    numbers.insert(numbers.end(), first, first + host.numel());
  }

  std::vector<double> predictions_;
  std::vector<double> labels_;
};

double mean_squared_error(const PairedMoments& moments) {
  return moments.squared_errors / static_cast<double>(moments.count);
}

double root_mean_squared_error(const PairedMoments& moments) {
  return std::sqrt(mean_squared_error(moments));
}

double mean_absolute_error(const PairedMoments& moments) {
  return moments.absolute_errors / static_cast<double>(moments.count);
}

double explained_share(const PairedMoments& moments) {
  if (moments.count < 2) return std::numeric_limits<double>::quiet_NaN();
  if (!moments.labels.is_constant()) return 1 - moments.squared_errors / moments.labels.squares;
  if (std::isnan(moments.squared_errors)) return moments.squared_errors;
  return moments.squared_errors == 0 ? 1 : 0;
}

}  // namespace

std::unique_ptr<StreamingMetric> streaming_mse() {
  return std::make_unique<MomentsMetric>("mse", mean_squared_error);
}

std::unique_ptr<StreamingMetric> streaming_rmse() {
  return std::make_unique<MomentsMetric>("rmse", root_mean_squared_error);
}

std::unique_ptr<StreamingMetric> streaming_mae() {
  return std::make_unique<MomentsMetric>("mae", mean_absolute_error);
}

std::unique_ptr<StreamingMetric> streaming_r2() {
  return std::make_unique<MomentsMetric>("r2", explained_share);
}

std::unique_ptr<StreamingMetric> streaming_pearsonr() {
  return std::make_unique<MomentsMetric>("pearsonr", correlation);
}

std::unique_ptr<StreamingMetric> streaming_spearmanr() { return std::make_unique<SpearmanR>(); }

Metrics mse(const EvalPrediction& prediction) { return compute_over(*streaming_mse(), prediction); }

Metrics rmse(const EvalPrediction& prediction) {
  return compute_over(*streaming_rmse(), prediction);
}

Metrics mae(const EvalPrediction& prediction) { return compute_over(*streaming_mae(), prediction); }

Metrics r2(const EvalPrediction& prediction) { return compute_over(*streaming_r2(), prediction); }

Metrics pearsonr(const EvalPrediction& prediction) {
  return compute_over(*streaming_pearsonr(), prediction);
}

Metrics spearmanr(const EvalPrediction& prediction) {
  return compute_over(*streaming_spearmanr(), prediction);
}

}  // namespace torchhub::metrics
