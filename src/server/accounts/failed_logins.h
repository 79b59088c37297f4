#pragma once

#include "torchhub/base/clock.h"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub::server {

/// Slows down whoever tries credentials: 20 wrong ones a minute from one address, then none at all
/// until the minute is over. IPv6 addresses count by their first 64 bits, which one user has all
/// of. Loopback is not counted: behind a proxy on this machine it would be everybody. Safe from
/// several threads.
class FailedLogins {
 public:
  static constexpr unsigned kLimit = 20;

  explicit FailedLogins(const Clock& clock) : clock_(clock) {}

  /// How long the address must wait; nothing if its credentials may be looked at.
  std::optional<std::chrono::seconds> wait_of(std::string_view address) const;
  void note(std::string_view address);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Window {
    Time start = {};
    unsigned failures = 0;
  };
  bool is_over(const Window& window) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Window, std::less<>> windows_;  // guarded by mutex_
};

}  // namespace torchhub::server
