#include "server/traffic/rate_limiter.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub::server {

std::string RateState::rate_limit(std::string_view bucket) const {
  return fmt::format("\"{}\";r={};t={}", bucket, remaining, until_reset.count());
}

std::string RateState::policy(std::string_view bucket) const {
  return fmt::format("\"fixed window\";\"{}\";q={};w={}", bucket, quota,
                     RateLimiter::kWindow.count());
}

RateState RateLimiter::count(std::string_view bucket, std::string_view client, unsigned quota) {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const std::string name = fmt::format("{}\n{}", bucket, client);
  // Clients send the names, so there is no end of them. Whoever makes up so many is not stopped by
  // counting (wrong tokens are held off elsewhere); the memory has an end.
  constexpr std::size_t kMaxCounts = 100'000;
  if (windows_.size() >= kMaxCounts && !windows_.contains(name)) windows_.clear();
  Window& window = windows_[name];
  // A clock that was set back must not hold a client out for longer than one window.
  if (now - window.start >= kWindow || now < window.start) window = {now};
  const bool over = window.used >= quota;
  if (!over) ++window.used;
  const auto left = std::chrono::ceil<std::chrono::seconds>(window.start + kWindow - now);
  return {quota, quota - window.used, left, over};
}

void RateLimiter::forget_old(std::chrono::system_clock::time_point now) {
  if (now - swept_ < kWindow && now >= swept_) return;
  std::erase_if(windows_, [&](const auto& item) {
    const Window& window = item.second;
    return now - window.start >= kWindow || now < window.start;
  });
  swept_ = now;
}

}  // namespace torchhub::server
