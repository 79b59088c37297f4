#pragma once

#include "torchhub/http/transport.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <sys/types.h>
#include <thread>
#include <unistd.h>

namespace torchhub::testing {

/// Whom a program kills, as kill -9 would, and when: so long after one of its moments.
struct Kill {
  std::int64_t moment = 0;  ///< From 1; 0: never.
  std::chrono::microseconds later{0};
  pid_t process = 0;  ///< 0: itself.

  std::string text() const { return fmt::format("{}+{}:{}", moment, later.count(), process); }
  /// Of text().
  static Kill parse(const char* text) {
    long long moment = 0;
    long long later = 0;
    int process = 0;
    std::sscanf(text, "%lld+%lld:%d", &moment, &later, &process);
    return {.moment = moment, .later = std::chrono::microseconds(later), .process = process};
  }
};

/// Counts the moments that a program passes, on any of its threads.
class Moments {
 public:
  explicit Moments(Kill kill) : kill_(kill) {}
  void pass() {
    if (++passed_ != kill_.moment) return;
    if (kill_.later.count() == 0) {
      strike();
    } else {
      striker_ = std::jthread([this] {
        std::this_thread::sleep_for(kill_.later);
        strike();
      });
    }
  }

 private:
  void strike() const { ::kill(kill_.process == 0 ? ::getpid() : kill_.process, SIGKILL); }

  const Kill kill_;
  std::atomic<std::int64_t> passed_ = 0;
  std::jthread striker_;
};

/// A request is about to be sent, its answer has come.
class CountingTransport final : public Transport {
 public:
  explicit CountingTransport(std::shared_ptr<Moments> moments) : moments_(std::move(moments)) {}
  Response send(const Request& request, std::stop_token stop) override {
    moments_->pass();
    Response response = inner_->send(request, std::move(stop));
    moments_->pass();
    return response;
  }

 private:
  std::shared_ptr<Moments> moments_;
  std::shared_ptr<Transport> inner_ = make_curl_transport();
};

}  // namespace torchhub::testing
