#include "support/fake_clock.h"

namespace torchhub::testing {

std::chrono::system_clock::time_point FakeClock::now() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000)) + since_start_ +
         wall_ahead_;
}

std::chrono::steady_clock::time_point FakeClock::steady_now() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::time_point(since_start_);
}

bool FakeClock::sleep_for(std::chrono::milliseconds time, std::stop_token stop) const {
  const std::lock_guard lock(mutex_);
  sleeps_.push_back(time);
  since_start_ += time;
  return !stop.stop_requested();
}

void FakeClock::advance(std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  since_start_ += time;
}

void FakeClock::set_wall(std::chrono::milliseconds by) {
  const std::lock_guard lock(mutex_);
  wall_ahead_ += by;
}

std::vector<std::chrono::milliseconds> FakeClock::sleeps() const {
  const std::lock_guard lock(mutex_);
  return sleeps_;
}

}  // namespace torchhub::testing
