#pragma once

#include "torchhub/fwd.h"

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub {

/// Named numbers in the order in which they were set. Logs and files tell whole ones from others,
/// as JSON does: 5 and 5.0.
class Metrics {
 public:
  using Entry = std::pair<std::string, double>;

  Metrics() = default;
  Metrics(std::initializer_list<Entry> entries) : entries_(entries) {}

  /// Replaces the value if the name is there, else appends.
  void set(std::string_view name, double value);
  /// The same for a whole number.
  void set(std::string_view name, std::integral auto value) {
    set(name, static_cast<double>(value));
    whole_.emplace_back(name);
  }
  /// The value that `from` has under `name`, and whole if it is so there.
  /// @throws InvalidArgumentError as at()
  void set(std::string_view new_name, const Metrics& from, std::string_view name);
  /// Was it set as a whole number?
  bool is_whole(std::string_view name) const;
  std::optional<double> get(std::string_view name) const;
  /// @throws InvalidArgumentError that lists the names there are
  double at(std::string_view name) const;

  bool empty() const { return entries_.empty(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }
  bool operator==(const Metrics& other) const { return entries_ == other.entries_; }

 private:
  std::vector<Entry> entries_;
  std::vector<std::string> whole_;  ///< Names of the whole numbers.
};

/// What compute_metrics gets: everything that an evaluation saw, on the CPU. A StreamingMetric gets
/// one for each batch, on the device of the model. The fields are those of transformers 5.12's
/// EvalPrediction.
struct EvalPrediction {
  at::Tensor predictions;  ///< Logits [samples, ...], or what was made of them.
  at::Tensor label_ids;    ///< [samples, ...]; undefined if the data has no labels.
  Batch inputs = {};       ///< What the model was given; empty unless it was asked for.
  at::Tensor losses = {};  ///< [samples], each its batch's mean; undefined unless it was asked for.
  /// With eval_do_concat_batches false: batch by batch, and nothing of the above.
  std::vector<EvalPrediction> batches = {};
};

using ComputeMetrics = std::function<Metrics(const EvalPrediction&)>;

namespace metrics {

/// A label or token with this value is padding: no metric that counts classes or tokens counts it,
/// whatever the prediction beside it is. Regression knows no padding; there it is a number.
inline constexpr std::int64_t kIgnoreIndex = -100;

/// {"accuracy": share of the labels that the prediction meets}. @param prediction as for every
/// metric of classification_metrics.h: logits [..., classes] or class ids [...] for labels [...]
/// @throws InvalidArgumentError without labels, or if the shapes disagree
Metrics accuracy(const EvalPrediction& prediction);

}  // namespace metrics
}  // namespace torchhub
