#pragma once

#include "torchhub/pickle/value.h"

#include <cstdint>
#include <deque>

namespace torchhub {

/// The mean of the newest values, with the state of transformers' StreamingAverage.
class SlidingMean {
 public:
  /// @param window most values that are kept. > 0
  explicit SlidingMean(std::int64_t window) : window_(window) {}

  /// Takes a value in; the mean afterwards.
  double add(double value);

  pickle::Dict state() const;
  /// @throws InvalidArgumentError, PickleError
  void load_state(const pickle::Dict& state);

 private:
  std::int64_t window_;
  std::deque<double> values_;
  double sum_ = 0;  ///< Running, rounding included, as in Python.
};

}  // namespace torchhub
