#pragma once

#include "torchhub/base/clock.h"

#include <mutex>
#include <vector>

namespace torchhub::testing {

/// Time that moves only by sleeping, which returns at once, by advance() and by set_wall().
class FakeClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override;
  std::chrono::steady_clock::time_point steady_now() const override;
  bool sleep_for(std::chrono::milliseconds time, std::stop_token stop) const override;

  void advance(std::chrono::milliseconds time);
  /// Somebody sets the clock on the wall ahead, or back where `by` is negative; no time passes.
  void set_wall(std::chrono::milliseconds by);
  /// Every sleep asked for, in order.
  std::vector<std::chrono::milliseconds> sleeps() const;

 private:
  mutable std::mutex mutex_;
  mutable std::chrono::milliseconds since_start_{0};       // guarded by mutex_
  std::chrono::milliseconds wall_ahead_{0};                // guarded by mutex_
  mutable std::vector<std::chrono::milliseconds> sleeps_;  // guarded by mutex_
};

}  // namespace torchhub::testing
