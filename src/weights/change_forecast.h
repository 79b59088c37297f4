#pragma once

#include <chrono>
#include <cstddef>

namespace torchhub {

/// When to stop writing and copy instead: so late that what is left can just be copied before it
/// changes, and only where it would not be written by then.
class ChangeForecast {
 public:
  using Seconds = std::chrono::duration<double>;

  /// @param until_change from the begin of writing
  explicit ChangeForecast(Seconds until_change) : until_change_(until_change) {}

  void was_written(std::size_t bytes) { written_ += static_cast<double>(bytes); }
  void was_copied(std::size_t bytes, Seconds time) {
    copied_ += static_cast<double>(bytes);
    copying_ += time;
  }

  /// @param left bytes neither written nor copied @param now since the begin of writing
  bool is_time_to_copy(std::size_t left, Seconds now) const;

 private:
  Seconds until_change_;
  Seconds copying_{0};
  double written_ = 0;
  double copied_ = 0;
};

}  // namespace torchhub
