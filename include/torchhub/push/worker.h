#pragma once

#include "torchhub/push/job.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace torchhub {

/// One background thread that pushes, one job after another. Of the droppable jobs that wait, only
/// the newest stays: what matters is that the newest state arrives.
class PushWorker {
 public:
  /// Runs on the worker's thread; what it throws becomes PushOutcome::error.
  using PushFn = std::function<PushOutcome(const PushJob&, std::stop_token)>;

  explicit PushWorker(PushFn push);
  /// Cancels the job under way and drops those that wait. drain() is the patient way.
  ~PushWorker() = default;

  /// Returns at once. Call from one thread.
  void submit(PushJob job);
  /// Is a job waiting or under way?
  bool busy() const;
  /// Outcomes that came in since the last call, oldest first.
  std::vector<PushOutcome> take_outcomes();
  /// Waits until nothing waits or runs; then as take_outcomes().
  std::vector<PushOutcome> drain();

 private:
  void work(const std::stop_token& stop);
  PushOutcome run(PushJob job, const std::stop_token& stop) const;

  PushFn push_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<PushJob> waiting_;        // guarded by mutex_
  std::vector<PushOutcome> outcomes_;  // guarded by mutex_
  bool running_ = false;               // guarded by mutex_
  std::jthread thread_;  // last member: starts after, and stops before, all it touches
};

}  // namespace torchhub
