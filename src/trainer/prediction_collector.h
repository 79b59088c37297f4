#pragma once

#include "torchhub/fwd.h"
#include "torchhub/training/metrics.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// As one: along the first dimension, and where the second differs (sequences), filled up with -100
/// on the right. Undefined if there are none.
at::Tensor joined(const std::vector<at::Tensor>& parts);

/// One tensor after another, at last as one.
class TensorCollector {
 public:
  void add(at::Tensor batch) { parts_.push_back(std::move(batch)); }
  /// What lies on a GPU goes to host memory.
  void move_to_host();
  /// On the CPU; undefined if nothing was added.
  at::Tensor joined() const;
  const std::vector<at::Tensor>& parts() const { return parts_; }

 private:
  std::vector<at::Tensor> parts_;
};

/// What an evaluation keeps for metrics and predictions.
struct KeptInEvaluation {
  bool predictions = false;
  bool inputs = false;
  bool losses = false;
  std::optional<std::int64_t> host_every = std::nullopt;  ///< Batches; unset: only at the end.
};

/// Gathers the batches of one pass.
class PredictionCollector {
 public:
  explicit PredictionCollector(KeptInEvaluation kept) : kept_(kept) {}

  /// @param batch as it is; fields that are undefined are left out
  void add(const EvalPrediction& batch);
  /// All as one, on the CPU.
  EvalPrediction whole() const;
  /// Batch by batch, on the CPU (eval_do_concat_batches = false).
  std::vector<EvalPrediction> batches() const;

 private:
  void move_to_host();

  KeptInEvaluation kept_;
  std::int64_t count_ = 0;
  TensorCollector predictions_;
  TensorCollector labels_;
  TensorCollector losses_;
  std::map<std::string, TensorCollector> inputs_;
};

}  // namespace torchhub
