#pragma once

#include "torchhub/base/clock.h"

#include <mutex>
#include <vector>

namespace torchhub::testing {

/// Time that moves only by sleeping, which returns at once, and by advance().
class FakeClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override;
  std::chrono::steady_clock::time_point steady_now() const override;
  bool sleep_for(std::chrono::milliseconds time, std::stop_token stop) const override;

  void advance(std::chrono::milliseconds time);
  /// Every sleep asked for, in order.
  std::vector<std::chrono::milliseconds> sleeps() const;

 private:
  mutable std::mutex mutex_;
  mutable std::chrono::milliseconds since_start_{0};       // guarded by mutex_
  mutable std::vector<std::chrono::milliseconds> sleeps_;  // guarded by mutex_
};

}  // namespace torchhub::testing
