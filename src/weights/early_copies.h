#pragma once

#include "torchhub/base/live_bytes.h"
#include "weights/change_forecast.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <thread>

namespace torchhub {

/// Copies, just before memory changes, what will not have been written by then. On a thread of its
/// own, since the writer may be waiting for the disk at that time. Where there is no thread or no
/// memory to be had nothing is copied early.
class EarlyCopies {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param live outlives this @param change when it will change
  EarlyCopies(LiveBytes& live, Clock::time_point change);

  /// The writer has come so much further.
  void was_written(std::size_t bytes) { written_ += bytes; }

 private:
  void watch(const std::stop_token& stop);
  void copy_what_would_be_late(const std::stop_token& stop);

  LiveBytes& live_;
  Clock::time_point begin_;
  ChangeForecast forecast_;  // the thread's
  std::atomic<std::size_t> written_ = 0;
  std::mutex mutex_;  // of tick_ alone
  std::condition_variable_any tick_;
  std::jthread thread_;  // last member: it ends before what it uses
};

}  // namespace torchhub
