#pragma once

#include "trainer/prediction_collector.h"
#include "trainer/trainer_impl.h"

#include <string>

namespace torchhub {

/// One pass over evaluation data: what evaluate() and predict() share.
class EvaluationPass {
 public:
  EvaluationPass(Trainer& trainer, const EvaluationLoopOptions& options);

  /// @return predictions where they were kept, and the metrics
  PredictionOutput over(const DataLoader& loader);

 private:
  bool has_metrics() const;
  KeptInEvaluation kept(bool keep_predictions) const;
  std::int64_t own_samples(std::int64_t real) const;
  Batch first_of(Batch inputs, std::int64_t samples) const;
  /// @param samples of the batch that count; 0: this process only takes part, so that all take the
  /// same path
  void take(const Batch& inputs, std::int64_t samples, bool last);
  void measure(const EvalPrediction& batch, bool last);
  EvalPrediction seen(const ModelOutput& output, const Batch& inputs, std::int64_t samples) const;
  void add_loss(const at::Tensor& loss, const EvalPrediction& batch, std::int64_t samples);
  void add_up_losses();
  Metrics computed(const EvalPrediction& whole) const;

  Trainer& trainer_;
  Trainer::Impl& impl_;
  std::string prefix_;
  bool keep_predictions_;
  bool loss_only_;           ///< Nobody wants predictions.
  std::int64_t share_ = 0;   ///< Samples of one process in a batch.
  bool has_labels_ = false;  ///< There is something to compare predictions with.
  PredictionCollector collector_;
  Metrics of_batches_;      ///< With compute_batch_metrics: what the last call gave.
  double loss_sum_ = 0;     ///< Each batch's mean times what it counts.
  double loss_weight_ = 0;  ///< Samples, or labels.
};

}  // namespace torchhub
