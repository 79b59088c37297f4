#pragma once

#include "server/hub_state.h"

#include <thread>

namespace torchhub::server {

/// What `admin gc --apply` does, every ServerOptions::gc_interval from now on, on a thread of its
/// own. A collection that fails is logged, and the next one comes at its time.
class TimedCollection {
 public:
  explicit TimedCollection(HubState& hub);

 private:
  void run(const std::stop_token& stop);
  void collect();

  HubState& hub_;
  std::jthread thread_;
};

}  // namespace torchhub::server
