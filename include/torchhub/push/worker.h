#pragma once

#include "torchhub/push/job.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace torchhub {

/// One background thread that pushes, one job after another. Of the droppable jobs of a lane that
/// wait, only the newest stays: what matters is that the newest state arrives. A job that failed
/// for a reason that may pass is tried again before the next one, and once more by drain(). The
/// files of a job go when it is done or replaced; those of others stay, for a journal to find.
class PushWorker {
 public:
  /// Runs on the worker's thread; gives back how it ended. What it throws makes it failed.
  using PushFn = std::function<PushOutcome(const PushJob&, std::stop_token)>;
  using Limit = std::optional<std::chrono::milliseconds>;

  explicit PushWorker(PushFn push);
  /// Cancels the job under way and leaves those that wait. drain() is the patient way.
  ~PushWorker();

  /// Returns at once. Call from one thread.
  void submit(PushJob job);
  /// Is a job waiting or under way?
  bool busy() const;
  /// Those that wait or are under way, in their order.
  std::vector<PushOutcome> pending() const;
  /// Outcomes that came in since the last call, oldest first.
  std::vector<PushOutcome> take_outcomes();
  /// Waits until nothing waits or runs; then as take_outcomes(). @param limit after so long the job
  /// under way is cancelled, and what is left is given back as it is, `queued`
  std::vector<PushOutcome> drain(Limit limit = std::nullopt);

 private:
  void work(const std::stop_token& stop);
  // With mutex_ held:
  void retry_failed();
  void supersede(const PushJob& newer);
  bool idle() const { return !running_ && waiting_.empty(); }

  PushFn push_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<PushJob> waiting_;                        // guarded by mutex_
  std::vector<PushJob> failed_;                        // guarded by mutex_; to be tried again
  std::vector<PushJob> parked_;                        // guarded by mutex_; for the next start
  std::vector<PushOutcome> outcomes_;                  // guarded by mutex_
  std::optional<PushOutcome> running_ = std::nullopt;  // guarded by mutex_
  std::stop_source cancel_running_;                    // guarded by mutex_
  std::jthread thread_;  // last member: starts after, and stops before, all it touches
};

}  // namespace torchhub
