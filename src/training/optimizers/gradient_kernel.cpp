#include "training/optimizers/gradient_kernel.h"

#include "training/vectorize.h"

#include <algorithm>

namespace torchhub {
namespace {

constexpr int kLanes = 32;           // sums side by side, so that they fill vector registers
constexpr int kAdditionsALane = 64;  // few enough that float sums lose nothing that matters

template <typename T>
TORCHHUB_INLINE double squares(const T* __restrict values, std::int64_t size) {
  double total = 0;
  std::int64_t i = 0;
  while (size - i >= kLanes) {
    T lanes[kLanes] = {};
    const std::int64_t rows = std::min<std::int64_t>((size - i) / kLanes, kAdditionsALane);
    for (std::int64_t row = 0; row < rows; ++row, i += kLanes) {
      for (int lane = 0; lane < kLanes; ++lane) {
        lanes[lane] += values[i + lane] * values[i + lane];
      }
    }
    for (const T lane : lanes) total += static_cast<double>(lane);
  }
  for (; i < size; ++i) total += static_cast<double>(values[i] * values[i]);
  return total;
}

template <typename T>
TORCHHUB_AVX2 double squares_avx2(const T* values, std::int64_t size) {
  return squares(values, size);
}

template <typename T>
void multiply(T* __restrict values, std::int64_t size, T factor) {
  for (std::int64_t i = 0; i < size; ++i) values[i] *= factor;
}

}  // namespace

double sum_of_squares(const float* values, std::int64_t size) {
  return has_avx2() ? squares_avx2(values, size) : squares(values, size);
}
double sum_of_squares(const double* values, std::int64_t size) {
  return has_avx2() ? squares_avx2(values, size) : squares(values, size);
}

void scale(float* values, std::int64_t size, double factor) {
  multiply(values, size, static_cast<float>(factor));
}
void scale(double* values, std::int64_t size, double factor) { multiply(values, size, factor); }

}  // namespace torchhub
