#pragma once

#include "torchhub/training/streaming_metric.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

/// What scikit-learn 1.9's functions of the same names give, from counts alone.
///
/// Labels are whole numbers from 0 up, of any shape: [samples], or [samples, seq] for tokens. The
/// predictions are class ids of the same shape, or logits with one dimension more, [..., classes],
/// of which the largest counts. Labels of kIgnoreIndex are left out. The state is three numbers a
/// class (a number for each pair of classes in ConfusionMatrix), on the device of the predictions;
/// each batch moves a few numbers to the host, to look for ids that cannot be.
///
/// Each throws InvalidArgumentError if predictions or labels are missing, are no class ids or
/// disagree in shape, if a class does not exist, and if there was no label to count.
namespace torchhub::metrics {

/// How precision, recall and F1 of several classes become one number.
enum class Average {
  binary,    ///< That of the class `pos_label`; refuses more than two classes.
  micro,     ///< From the counts of all classes together: the accuracy, with one label a sample.
  macro,     ///< The mean over the classes.
  weighted,  ///< The mean over the classes, weighted by how often each is the label.
};

struct ClassAverage {
  Average average = Average::binary;
  std::int64_t pos_label = 1;  ///< For binary only.
  /// Unset: a class counts if it is a label or a prediction somewhere. Set: 0 to num_classes - 1
  /// all count, as with scikit-learn's labels=range(num_classes), and no other id may occur.
  std::optional<std::int64_t> num_classes = std::nullopt;
};

/// {"precision": true positives by predicted ones}, binary; 0 if nothing was predicted positive.
Metrics precision(const EvalPrediction& prediction);
/// {"recall": true positives by positive labels}, binary; 0 if no label is positive.
Metrics recall(const EvalPrediction& prediction);
/// {"f1": harmonic mean of precision and recall}, binary; 0 if both are.
Metrics f1(const EvalPrediction& prediction);
/// All three, "precision", "recall", "f1", with the average that you choose.
Metrics precision_recall_f1(const EvalPrediction& prediction, const ClassAverage& average = {});
/// {"matthews_correlation": from -1 to 1}, of any number of classes; 0 if all labels or all
/// predictions are of one class.
Metrics matthews_correlation(const EvalPrediction& prediction);

std::unique_ptr<StreamingMetric> streaming_accuracy();
/// @throws InvalidArgumentError, as the next three, for options that cannot be
std::unique_ptr<StreamingMetric> streaming_precision(const ClassAverage& average = {});
std::unique_ptr<StreamingMetric> streaming_recall(const ClassAverage& average = {});
std::unique_ptr<StreamingMetric> streaming_f1(const ClassAverage& average = {});
std::unique_ptr<StreamingMetric> streaming_precision_recall_f1(const ClassAverage& average = {});
std::unique_ptr<StreamingMetric> streaming_matthews_correlation();

/// How often each class was taken for each. The one metric whose result is no row of numbers:
/// compute() gives no names, since classes * classes columns in a log help nobody; ask matrix().
class ConfusionMatrix : public StreamingMetric {
 public:
  /// @param num_classes at most 16384; unset: what the logits have, or the largest id says
  explicit ConfusionMatrix(std::optional<std::int64_t> num_classes = std::nullopt);

  std::string name() const override { return "confusion_matrix"; }
  void add(const EvalPrediction& batch) override;
  Metrics compute() const override { return {}; }
  void reset() override;

  /// int64 [classes, classes] on the CPU, a copy: row is the label, column the prediction.
  at::Tensor matrix() const;

 private:
  std::optional<std::int64_t> num_classes_;
  at::Tensor counts_;  ///< [classes, classes] on the device of the batches, undefined before any
};

/// The same of a whole evaluation.
at::Tensor confusion_matrix(const EvalPrediction& prediction,
                            std::optional<std::int64_t> num_classes = std::nullopt);

}  // namespace torchhub::metrics
