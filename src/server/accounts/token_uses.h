#pragma once

#include "server/accounts/token_store.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace torchhub::server {

/// When each token was last used: at most once a minute each, written by a thread of its own, so
/// that no request waits for the disk. A crash loses the last of it. Safe from several threads.
class TokenUses {
 public:
  TokenUses(const TokenStore& tokens, const Clock& clock);

  void note(const std::string& token_id);

 private:
  void write_until(std::stop_token stop);

  const TokenStore& tokens_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<std::string, TimePoint> noted_;                    // guarded by mutex_
  std::vector<std::pair<std::string, TimePoint>> unwritten_;  // guarded by mutex_
  std::jthread thread_;  // last member: its end writes what is left
};

}  // namespace torchhub::server
