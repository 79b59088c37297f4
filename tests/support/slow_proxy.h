#pragma once

#include "torchhub/base/clock.h"

#include <cstdint>
#include <memory>
#include <string>

namespace torchhub::testing {

/// A real TCP proxy on a free loopback port that lets through only so many bytes a second in each
/// direction, over all of its connections: a slow hub. Safe from several threads.
///
/// A hub puts its own address into the links of its answers; LocalHub::serve_behind() makes that
/// the proxy's, or uploads go past it.
class SlowProxy {
 public:
  /// @param target_url "http://127.0.0.1:<port>" @param clock times the waits; with a FakeClock
  /// they pass at once
  explicit SlowProxy(const std::string& target_url, std::uint64_t bytes_per_second = 1'000'000,
                     std::shared_ptr<const Clock> clock = system_clock());
  /// Ends all connections and joins all threads.
  ~SlowProxy();
  SlowProxy(const SlowProxy&) = delete;
  SlowProxy& operator=(const SlowProxy&) = delete;

  /// "http://127.0.0.1:<port>"
  std::string url() const;
  /// For what comes from now on. @param bytes_per_second > 0
  void set_rate(std::uint64_t bytes_per_second);

  /// Breaks all connections, and new ones until open().
  void cut();
  /// The same once so many bytes more came in for the target; the last of them do not reach it.
  void cut_after(std::uint64_t bytes);
  void open();

  /// Bytes let through towards the target.
  std::uint64_t bytes_up() const;
  /// Bytes let through towards the clients.
  std::uint64_t bytes_down() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub::testing
