#pragma once

#include "support/scripted_server.h"
#include "torchhub/http/transport.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace torchhub::testing {

/// A hub that is ill at one place: requests that are picked go to a ScriptedServer instead, over
/// sockets of their own, with its answer or its silence; all others to the hub they are for.
class IllTransport final : public Transport {
 public:
  using Picks = std::function<bool(const Request&)>;

  /// From now on. @param times how many of those picked; -1: all until heal()
  void fall_ill(Picks picks, ScriptedReply reply, int times = -1) {
    const std::lock_guard lock(mutex_);
    picks_ = std::move(picks);
    // A fresh one: a reply that hangs holds its connection until the server goes.
    server_ = std::make_shared<ScriptedServer>(std::initializer_list{std::move(reply)});
    left_ = times;
    picked_ = 0;
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    left_ = 0;
  }
  /// Requests that met the illness since it began.
  int picked() const {
    const std::lock_guard lock(mutex_);
    return picked_;
  }

  Response send(const Request& request, std::stop_token stop) override {
    const auto server = server_for(request);
    if (!server) return inner_->send(request, stop);
    Request elsewhere = request;
    elsewhere.url = server->url() + request.url.substr(request.url.find('/', 8));
    // No test waits for minutes until a silence is over.
    elsewhere.stall_timeout = std::min(request.stall_timeout, std::chrono::milliseconds(50));
    return inner_->send(elsewhere, stop);
  }

 private:
  std::shared_ptr<const ScriptedServer> server_for(const Request& request) {
    const std::lock_guard lock(mutex_);
    if (left_ == 0 || !picks_ || !picks_(request)) return nullptr;
    if (left_ > 0) --left_;
    ++picked_;
    return server_;
  }

  const std::shared_ptr<Transport> inner_ = make_curl_transport();
  mutable std::mutex mutex_;
  Picks picks_;                                   // guarded by mutex_
  std::shared_ptr<const ScriptedServer> server_;  // guarded by mutex_
  int left_ = 0;                                  // guarded by mutex_
  int picked_ = 0;                                // guarded by mutex_
};

}  // namespace torchhub::testing
