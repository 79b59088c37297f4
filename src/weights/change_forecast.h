#pragma once

#include <chrono>
#include <cstddef>

namespace torchhub {

/// When to copy what is being written: so late that what is left can just be copied before it
/// changes, and only where it would not be written by then.
class ChangeForecast {
 public:
  using Seconds = std::chrono::duration<double>;

  /// @param until_change from the begin of writing
  explicit ChangeForecast(Seconds until_change) : until_change_(until_change) {}

  void was_copied(std::size_t bytes, Seconds time) {
    copied_ += static_cast<double>(bytes);
    copying_ += time;
  }

  struct Progress {
    std::size_t written = 0;  ///< Bytes.
    std::size_t left = 0;     ///< Bytes neither written nor copied.
    Seconds now{0};           ///< Since the begin of writing.
  };
  bool is_time_to_copy(const Progress& progress) const;

 private:
  bool will_be_written(const Progress& progress) const;

  Seconds until_change_;
  Seconds copying_{0};
  double copied_ = 0;
};

}  // namespace torchhub
