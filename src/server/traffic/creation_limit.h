#pragma once

#include "torchhub/base/clock.h"

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <string>

namespace torchhub::server {

/// How many repositories each user has made in the last hour, however the clock on the wall is set
/// meanwhile. Safe from several threads.
class CreationLimit {
 public:
  static constexpr std::chrono::seconds kWindow = std::chrono::hours(1);

  /// @param per_hour 0: no limit
  CreationLimit(unsigned per_hour, const Clock& clock) : per_hour_(per_hour), clock_(clock) {}

  /// @param user an account's id @throws ApiError 429 with Retry-After if one more is too many
  void check(const std::string& user);
  void note(const std::string& user);

 private:
  using Time = std::chrono::steady_clock::time_point;
  using Times = std::deque<Time>;

  /// Needs mutex_.
  void forget_old(Time now);

  unsigned per_hour_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Times> made_ = {};  // guarded by mutex_
};

}  // namespace torchhub::server
