#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub {

/// Named numbers in the order in which they were set.
class Metrics {
 public:
  using Entry = std::pair<std::string, double>;

  Metrics() = default;
  Metrics(std::initializer_list<Entry> entries) : entries_(entries) {}

  /// Replaces the value if the name is there, else appends.
  void set(std::string_view name, double value);
  std::optional<double> get(std::string_view name) const;
  /// @throws InvalidArgumentError that lists the names there are
  double at(std::string_view name) const;

  bool empty() const { return entries_.empty(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }
  bool operator==(const Metrics&) const = default;

 private:
  std::vector<Entry> entries_;
};

/// What compute_metrics gets: everything that an evaluation saw, on the CPU.
struct EvalPrediction {
  at::Tensor predictions;  ///< The model's logits, [samples, ...].
  at::Tensor label_ids;    ///< [samples, ...]; undefined if the data has no labels.
};

using ComputeMetrics = std::function<Metrics(const EvalPrediction&)>;

namespace metrics {

/// {"accuracy": share of samples whose largest logit is at the label}. @param prediction logits
/// [samples, classes], labels [samples]. @throws InvalidArgumentError without labels
Metrics accuracy(const EvalPrediction& prediction);

}  // namespace metrics
}  // namespace torchhub
