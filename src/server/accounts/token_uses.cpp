#include "server/accounts/token_uses.h"

#include "torchhub/base/log.h"

namespace torchhub::server {

TokenUses::TokenUses(const TokenStore& tokens, const Clock& clock)
    : tokens_(tokens),
      clock_(clock),
      thread_([this](std::stop_token stop) { write_until(stop); }) {}

void TokenUses::note(const std::string& token_id) {
  constexpr auto kPause = std::chrono::minutes(1);
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto [entry, is_first] = noted_.try_emplace(token_id, now);
  // A clock that was set back must not silence a token until it has caught up.
  if (!is_first && now >= entry->second && now - entry->second < kPause) return;
  entry->second = now;
  unwritten_.emplace_back(token_id, now);
  wake_.notify_one();
}

void TokenUses::write_until(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, stop, [this] { return !unwritten_.empty(); });
    if (unwritten_.empty()) return;
    const auto uses = std::exchange(unwritten_, {});
    lock.unlock();
    try {
      tokens_.mark_used(uses);
    } catch (const Error& error) {
      log::warning("token_use_not_noted", {{"error", error.what()}});
    }
    lock.lock();
  }
}

}  // namespace torchhub::server
