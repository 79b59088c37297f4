#include "server/traffic/rate_limiter.h"

#include <fmt/format.h>

#include <cstddef>

namespace torchhub::server {
namespace {

std::string key_of(std::string_view bucket, std::string_view client) {
  return fmt::format("{}\n{}", bucket, client);
}

/// A clock that was set back must not hold a client out for longer than one window.
bool is_over(std::chrono::system_clock::time_point start,
             std::chrono::system_clock::time_point now) {
  return now - start >= RateLimiter::kWindow || now < start;
}

}  // namespace

std::string RateState::rate_limit(std::string_view bucket) const {
  return fmt::format("\"{}\";r={};t={}", bucket, remaining, until_reset.count());
}

std::string RateState::policy(std::string_view bucket) const {
  return fmt::format("\"fixed window\";\"{}\";q={};w={}", bucket, quota,
                     RateLimiter::kWindow.count());
}

RateState RateLimiter::count(std::string_view bucket, std::string_view client, unsigned quota) {
  const Time now = clock_.now();
  const std::string key = key_of(bucket, client);
  const std::lock_guard lock(mutex_);
  forget_old(now);
  make_room_for(key, now);
  return count_in(windows_[key], quota, now);
}

std::optional<RateState> RateLimiter::count_if_known(std::string_view bucket,
                                                     std::string_view client, unsigned quota) {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = windows_.find(key_of(bucket, client));
  if (found == windows_.end()) return std::nullopt;
  return count_in(found->second, quota, now);
}

void RateLimiter::forget(std::string_view bucket, std::string_view client) {
  const std::lock_guard lock(mutex_);
  windows_.erase(key_of(bucket, client));
}

RateState RateLimiter::count_in(Window& window, unsigned quota, Time now) {
  if (is_over(window.start, now)) window = {now};
  const bool over = window.used >= quota;
  if (!over) ++window.used;
  const auto left = std::chrono::ceil<std::chrono::seconds>(window.start + kWindow - now);
  return {quota, quota - window.used, left, over};
}

void RateLimiter::forget_old(Time now) {
  if (!is_over(swept_, now)) return;
  std::erase_if(windows_, [&](const auto& item) { return is_over(item.second.start, now); });
  swept_ = now;
}

void RateLimiter::make_room_for(const std::string& key, Time now) {
  constexpr std::size_t kMaxWindows = 100'000;
  if (windows_.size() < kMaxWindows || windows_.contains(key)) return;
  std::erase_if(windows_, [&](const auto& item) { return is_over(item.second.start, now); });
  // Whoever has so many addresses is not stopped by counting; the memory is.
  if (windows_.size() >= kMaxWindows) windows_.clear();
}

}  // namespace torchhub::server
