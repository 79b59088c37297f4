#pragma once

#include <chrono>

namespace torchhub {

/// Adds the time until the end of the scope to `total`.
class StallTimer {
 public:
  explicit StallTimer(double& total) : total_(total) {}
  ~StallTimer() {
    total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  StallTimer(const StallTimer&) = delete;
  StallTimer& operator=(const StallTimer&) = delete;

 private:
  double& total_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace torchhub
