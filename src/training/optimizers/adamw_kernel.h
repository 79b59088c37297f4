#pragma once

#include <cstdint>

namespace torchhub {

/// The settings of a parameter group.
struct AdamwSettings {
  double lr = 0;
  double beta1 = 0;
  double beta2 = 0;
  double eps = 0;
  double weight_decay = 0;
};

/// What those come to at one step.
struct AdamwFactors {
  double shrink;           ///< The weight times this: decay.
  double gradient_weight;  ///< In exp_avg.
  double beta2;
  double step_size;  ///< Times exp_avg over the denominator; both scaled by the second correction.
  double eps;

  /// @param step updates of the parameter, this one included
  AdamwFactors(const AdamwSettings& settings, std::int64_t step);
};

/// A run of elements of one parameter, in memory order.
template <typename T>
struct AdamwSpan {
  T* parameter;
  const T* gradient;
  T* exp_avg;
  T* exp_avg_sq;
  T* max_exp_avg_sq;  ///< Null: not amsgrad.
  std::int64_t size;
};

/// One update in one pass over memory, in the order of PyTorch's fused AdamW. The outcome depends
/// neither on how elements are divided into spans nor on the processor.
void adamw_update(const AdamwSpan<float>& span, const AdamwFactors& factors);
void adamw_update(const AdamwSpan<double>& span, const AdamwFactors& factors);

}  // namespace torchhub
