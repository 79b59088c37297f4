#pragma once

#include "torchhub/base/clock.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace torchhub::server {

/// What a client is told about its quota, with every answer.
struct RateState {
  unsigned quota = 0;
  unsigned remaining = 0;
  std::chrono::seconds until_reset{};
  bool over = false;

  /// `"api";r=489;t=55`, as clients of the Hub read it to pace themselves.
  std::string rate_limit(std::string_view bucket) const;
  /// `"fixed window";"api";q=500;w=300`
  std::string policy(std::string_view bucket) const;
};

/// Counts requests of each client in windows of five minutes. With more clients than anybody has,
/// it forgets rather than grow. Safe from several threads.
class RateLimiter {
 public:
  static constexpr std::chrono::seconds kWindow{300};

  explicit RateLimiter(const Clock& clock) : clock_(clock) {}

  /// Counts one request. @param bucket and @param client name the count; @param quota at least 1
  RateState count(std::string_view bucket, std::string_view client, unsigned quota);
  /// The same, if requests of this client were counted lately; else counts nothing.
  std::optional<RateState> count_if_known(std::string_view bucket, std::string_view client,
                                          unsigned quota);
  void forget(std::string_view bucket, std::string_view client);

 private:
  struct Window {
    std::chrono::system_clock::time_point start;
    unsigned used = 0;
  };
  using Time = std::chrono::system_clock::time_point;
  static RateState count_in(Window& window, unsigned quota, Time now);
  void forget_old(Time now);
  void make_room_for(const std::string& key, Time now);

  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Window> windows_ = {};  // guarded by mutex_
  std::chrono::system_clock::time_point swept_ = {};      // guarded by mutex_
};

}  // namespace torchhub::server
