#include "training/optimizers/adamw_kernel.h"

#include "training/vectorize.h"

#include <algorithm>
#include <cmath>

namespace torchhub {
namespace {

template <bool kAmsgrad, typename T>
TORCHHUB_INLINE void update(const AdamwSpan<T>& span, const AdamwFactors& f) {
  T* __restrict parameter = span.parameter;
  const T* __restrict gradient = span.gradient;
  T* __restrict exp_avg = span.exp_avg;
  T* __restrict exp_avg_sq = span.exp_avg_sq;
  T* __restrict max_exp_avg_sq = span.max_exp_avg_sq;
  const auto shrink = static_cast<T>(f.shrink);
  const auto weight = static_cast<T>(f.gradient_weight);
  const auto beta2 = static_cast<T>(f.beta2);
  const auto square_weight = static_cast<T>(1 - f.beta2);
  const auto step_size = static_cast<T>(f.step_size);
  const auto eps = static_cast<T>(f.eps);
  for (std::int64_t i = 0; i < span.size; ++i) {
    const T g = gradient[i];
    const T mean = exp_avg[i] + weight * (g - exp_avg[i]);
    T square = exp_avg_sq[i] * beta2 + square_weight * g * g;
    exp_avg[i] = mean;
    exp_avg_sq[i] = square;
    if constexpr (kAmsgrad) {
      square = std::max(max_exp_avg_sq[i], square);
      max_exp_avg_sq[i] = square;
    }
    parameter[i] = parameter[i] * shrink - step_size * mean / (std::sqrt(square) + eps);
  }
}

template <typename T>
TORCHHUB_INLINE void update_any(const AdamwSpan<T>& span, const AdamwFactors& f) {
  span.max_exp_avg_sq ? update<true>(span, f) : update<false>(span, f);
}

template <typename T>
TORCHHUB_AVX2 void update_avx2(const AdamwSpan<T>& span, const AdamwFactors& f) {
  update_any(span, f);
}

template <typename T>
void dispatch(const AdamwSpan<T>& span, const AdamwFactors& f) {
  has_avx2() ? update_avx2(span, f) : update_any(span, f);
}

}  // namespace

/// m / c1 / (sqrt(v) / sqrt(c2) + eps), with c1 and c2 the bias corrections, is written here as
/// m * (sqrt(c2) / c1) / (sqrt(v) + eps * sqrt(c2)): one division an element less.
AdamwFactors::AdamwFactors(const AdamwSettings& s, std::int64_t step)
    : shrink(1 - s.lr * s.weight_decay), gradient_weight(1 - s.beta1), beta2(s.beta2) {
  const auto t = static_cast<double>(step);
  const double root = std::sqrt(1 - std::pow(s.beta2, t));
  step_size = s.lr * root / (1 - std::pow(s.beta1, t));
  eps = s.eps * root;
}

void adamw_update(const AdamwSpan<float>& span, const AdamwFactors& f) { dispatch(span, f); }
void adamw_update(const AdamwSpan<double>& span, const AdamwFactors& f) { dispatch(span, f); }

}  // namespace torchhub
