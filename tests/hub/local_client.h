#pragma once

#include "support/fake_clock.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/hub/client.h"

#include <memory>
#include <string>

namespace torchhub::testing {

/// A real hub with a user "demo", and clients of it whose waits between tries pass at once.
class HubAndClient {
 public:
  HubOptions options() const {
    return {.endpoint = hub_.base_url(),
            .token = hub_.token(),
            .cache_dir = folder_ / "cache",
            .retry = {.max_retries = 2, .jitter = 0},
            .clock = std::make_shared<FakeClock>()};
  }
  HubClient client() const { return HubClient(options()); }
  /// The same with another token; empty: none.
  HubClient client_with(const std::string& token) const {
    HubOptions changed = options();
    changed.token = token.empty() ? std::nullopt : std::optional(token);
    return HubClient(changed);
  }
  LocalHub& hub() { return hub_; }
  const TempDir& folder() const { return folder_; }

 private:
  TempDir folder_;
  LocalHub hub_;
};

inline Repo repo(const std::string& id) { return {.id = RepoId::parse(id)}; }

}  // namespace torchhub::testing
