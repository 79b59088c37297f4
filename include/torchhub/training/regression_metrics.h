#pragma once

#include "torchhub/training/streaming_metric.h"

#include <memory>

/// How near one number a sample comes to its label; as in scikit-learn 1.9 and SciPy 1.17.
///
/// Predictions and labels are [samples] or [samples, 1], each; computed in float64. A label of -100
/// is a number like any other. The state is a dozen numbers, on the host; one small copy a batch.
///
/// Each throws InvalidArgumentError if predictions or labels are missing or disagree in shape, and
/// if there was no sample. NaN among the numbers makes the result NaN.
namespace torchhub::metrics {

Metrics mse(const EvalPrediction& prediction);   ///< {"mse": mean squared error}
Metrics rmse(const EvalPrediction& prediction);  ///< {"rmse": its root}
Metrics mae(const EvalPrediction& prediction);   ///< {"mae": mean absolute error}
/// {"r2": share of the labels' variance that is explained, at most 1}. NaN for a single sample; if
/// all labels are equal, 1 for predictions that are right and 0 for others.
Metrics r2(const EvalPrediction& prediction);
/// {"pearsonr": linear correlation, -1 to 1}. NaN if all predictions or all labels are equal, and
/// for a single sample (where SciPy raises).
Metrics pearsonr(const EvalPrediction& prediction);
/// {"spearmanr": correlation of the ranks, -1 to 1; equal numbers share their mean rank}. NaN as
/// for pearsonr.
Metrics spearmanr(const EvalPrediction& prediction);

std::unique_ptr<StreamingMetric> streaming_mse();
std::unique_ptr<StreamingMetric> streaming_rmse();
std::unique_ptr<StreamingMetric> streaming_mae();
std::unique_ptr<StreamingMetric> streaming_r2();
std::unique_ptr<StreamingMetric> streaming_pearsonr();
/// The exception: ranks need every number, so it keeps two doubles, 16 bytes, a sample on the host.
std::unique_ptr<StreamingMetric> streaming_spearmanr();

}  // namespace torchhub::metrics
