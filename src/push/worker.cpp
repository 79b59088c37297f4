#include "torchhub/push/worker.h"

#include "push/push_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

bool replaces(const PushJob& newer, const PushJob& older) {
  return newer.droppable && older.droppable && newer.lane_key() == older.lane_key();
}

}  // namespace

PushWorker::PushWorker(PushFn push)
    : push_(std::move(push)), thread_([this](const std::stop_token& stop) { work(stop); }) {}

PushWorker::~PushWorker() {
  thread_.request_stop();
  const std::lock_guard lock(mutex_);
  cancel_running_.request_stop();
}

void PushWorker::submit(PushJob job) {
  const std::lock_guard lock(mutex_);
  retry_failed();
  supersede(job);
  waiting_.push_back(std::move(job));
  changed_.notify_all();
}

void PushWorker::supersede(const PushJob& newer) {
  std::erase_if(waiting_, [&](const PushJob& older) {
    if (!replaces(newer, older)) return false;
    outcomes_.push_back(outcome_of(older, PushState::superseded));
    older.snapshot.release();
    return true;
  });
  std::erase_if(parked_, [&](const PushJob& older) {
    if (!replaces(newer, older)) return false;
    older.snapshot.release();
    return true;
  });
}

/// In front of those that wait, in their order.
void PushWorker::retry_failed() {
  for (auto job = failed_.rbegin(); job != failed_.rend(); ++job) {
    waiting_.push_front(std::move(*job));
  }
  failed_.clear();
  changed_.notify_all();
}

bool PushWorker::busy() const {
  const std::lock_guard lock(mutex_);
  return !idle();
}

std::vector<PushOutcome> PushWorker::pending() const {
  const std::lock_guard lock(mutex_);
  std::vector<PushOutcome> pending;
  if (running_) pending.push_back(*running_);
  for (const PushJob& job : waiting_) pending.push_back(outcome_of(job, PushState::queued));
  return pending;
}

std::vector<PushOutcome> PushWorker::take_outcomes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcomes_, {});
}

std::vector<PushOutcome> PushWorker::drain(Limit limit) {
  std::unique_lock lock(mutex_);
  retry_failed();
  const auto is_idle = [this] { return idle(); };
  if (!limit) {
    changed_.wait(lock, is_idle);
  } else if (!changed_.wait_for(lock, *limit, is_idle)) {
    const auto left = std::exchange(waiting_, {});  // their files stay
    cancel_running_.request_stop();                 // a push looks at it between two pieces
    changed_.wait(lock, is_idle);
    cancel_running_ = {};
    for (const PushJob& job : left) {
      outcomes_.push_back(outcome_of(job, PushState::queued));
      outcomes_.back().error =
          fmt::format("not begun after {:.1f} s", static_cast<double>(limit->count()) / 1000);
    }
  }
  return std::exchange(outcomes_, {});
}

void PushWorker::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    if (stop.stop_requested()) return;
    PushJob job = std::move(waiting_.front());
    waiting_.pop_front();
    running_ = outcome_of(job, PushState::running);
    const std::stop_token cancelled = cancel_running_.get_token();
    lock.unlock();
    PushAttempt attempt = attempt_push(push_, job, cancelled);
    lock.lock();
    if (attempt.is_over()) {
      job.snapshot.release();
    } else if (attempt.again == TryAgain::soon) {
      failed_.push_back(job);
    } else {
      parked_.push_back(job);
    }
    outcomes_.push_back(std::move(attempt.outcome));
    lock.unlock();
    job = {};  // its files may go now: not under the lock, nor after the worker seems idle
    lock.lock();
    running_.reset();
    changed_.notify_all();
  }
}

}  // namespace torchhub
