#include "server/traffic/creation_limit.h"

#include "server/http/api_error.h"

#include <fmt/format.h>

namespace torchhub::server {

void CreationLimit::forget_old(Time now) {
  for (auto& [other, times] : made_) {
    std::erase_if(times, [&](Time time) { return time <= now - kWindow; });
  }
  std::erase_if(made_, [](const auto& entry) { return entry.second.empty(); });
}

void CreationLimit::note(const std::string& user) {
  if (per_hour_ == 0) return;
  const std::lock_guard lock(mutex_);
  made_[user].push_back(clock_.steady_now());
}

void CreationLimit::check(const std::string& user) {
  if (per_hour_ == 0) return;
  const auto now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const auto mine = made_.find(user);
  if (mine == made_.end() || mine->second.size() < per_hour_) return;
  const auto wait = std::chrono::ceil<std::chrono::seconds>(mine->second.front() + kWindow - now);
  throw ApiError(429,
                 fmt::format("You have made {} repositories in the last hour, as many as you may. "
                             "Try again in {} s.",
                             per_hour_, wait.count()),
                 {}, {{"Retry-After", std::to_string(wait.count())}});
}

}  // namespace torchhub::server
