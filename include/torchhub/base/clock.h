#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

namespace torchhub {

/// Where time comes from, sleeping included, so that tests own it. Safe from several threads.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::system_clock::time_point now() const = 0;
  /// Never goes back; only differences mean anything.
  virtual std::chrono::steady_clock::time_point steady_now() const = 0;
  /// @return false if `stop` ended the sleep early
  virtual bool sleep_for(std::chrono::milliseconds time, std::stop_token stop = {}) const = 0;
};

/// The machine's clock.
std::shared_ptr<const Clock> system_clock();

}  // namespace torchhub
