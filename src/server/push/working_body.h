#pragma once

#include "server/http/response.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace torchhub::server {

/// An answer whose bytes are the outcome of long work. The work has a thread of its own, so that
/// something can be sent meanwhile: by that a client which went away is noticed, and then the work
/// is asked to stop.
class WorkingBody final : public BodySource {
 public:
  /// Sends bytes at once. For the work's thread.
  using Send = std::function<void(std::string_view)>;
  /// Must not throw.
  using Work = std::function<void(const Send&, const std::stop_token&)>;

  /// @param keep_alive what is sent when nothing else was for a second; may be empty
  /// @param stop ends the work, too
  WorkingBody(Work work, std::string keep_alive, std::stop_token stop);

  std::size_t read(std::span<char> room) override;

 private:
  static constexpr std::chrono::seconds kSilence{1};

  void send(std::string_view bytes);

  std::string keep_alive_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::string pending_ = {};  // guarded by mutex_
  bool done_ = false;         // guarded by mutex_
  std::jthread thread_;       // uses all of the above
  std::stop_callback<std::function<void()>> stop_with_server_;
};

}  // namespace torchhub::server
