#pragma once

#include "torchhub/training/metrics.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace torchhub::metrics {

/// A batch's numbers side by side.
struct NumberPairs {
  at::Tensor predictions;  ///< float64 [samples]
  at::Tensor labels;       ///< float64 [samples], on the same device
};

/// @throws InvalidArgumentError as regression_metrics.h says
NumberPairs number_pairs(const EvalPrediction& prediction, std::string_view metric);

/// How far one side's numbers lie apart.
struct Spread {
  double mean = 0;
  double squares = 0;  ///< Sum of squared distances from the mean.
  double min = 0;
  double max = 0;

  /// By the ends: the sum of squares of equal numbers need not be 0, their mean being rounded.
  bool is_constant() const { return min == max; }
};

/// All that the regression metrics are made of, in one pass and without loss for numbers far from
/// 0: batches are joined by their means (Chan, Golub and LeVeque 1983), not by sums of squares.
struct PairedMoments {
  std::int64_t count = 0;
  Spread predictions;
  Spread labels;
  double products = 0;         ///< Sum of the products of both distances from the means.
  double squared_errors = 0;   ///< Sum.
  double absolute_errors = 0;  ///< Sum.

  void join(const PairedMoments& more);
};

/// Of one batch: one copy of eleven numbers to the host.
PairedMoments paired_moments(const NumberPairs& pairs);

/// -1 to 1; NaN if a side is constant or holds a NaN.
double correlation(const PairedMoments& moments);

}  // namespace torchhub::metrics
