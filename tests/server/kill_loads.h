#pragma once

#include "server/hub_client.h"

#include <memory>
#include <string>
#include <vector>

namespace torchhub::testing {

/// Somebody who uses the hub until it is killed, remembers what it answered, and looks after the
/// restart whether all of that is there and nothing is there by half.
class KillLoad {
 public:
  virtual ~KillLoad() = default;
  /// Works until the hub is gone: returns at a ConnectionError. On a thread of its own.
  void run(const HubClient& client);
  /// With the hub running again.
  virtual void check(const HubClient& client) = 0;

 private:
  /// @param turn counts from 0 over the whole life of the load
  virtual void work(const HubClient& client, int turn) = 0;
  int turn_ = 0;
};

/// One of each kind. The first check makes the repositories that they work in.
std::vector<std::unique_ptr<KillLoad>> make_kill_loads(const HubClient& client);

}  // namespace torchhub::testing
