#pragma once

#include "torchhub/http/transport.h"

#include <condition_variable>
#include <memory>
#include <mutex>

namespace torchhub::testing {

/// Holds every request back while it is shut.
class GateTransport final : public Transport {
 public:
  Response send(const Request& request, std::stop_token stop) override {
    {
      std::unique_lock lock(mutex_);
      ++waiting_;
      changed_.notify_all();
      changed_.wait(lock, stop, [&] { return !shut_; });
      --waiting_;
    }
    return inner_->send(request, stop);
  }
  void set_shut(bool shut) {
    const std::lock_guard lock(mutex_);
    shut_ = shut;
    changed_.notify_all();
  }
  /// Until a request is held back.
  void wait_for_request() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return shut_ && waiting_ > 0; });
  }

 private:
  std::shared_ptr<Transport> inner_ = make_curl_transport();
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool shut_ = false;  // guarded by mutex_
  int waiting_ = 0;    // guarded by mutex_
};

}  // namespace torchhub::testing
