#include "torchhub/push/worker.h"

#include "torchhub/base/error.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace torchhub {

PushWorker::PushWorker(PushFn push)
    : push_(std::move(push)), thread_([this](const std::stop_token& stop) { work(stop); }) {}

void PushWorker::submit(PushJob job) {
  const std::lock_guard lock(mutex_);
  if (job.droppable) {
    std::erase_if(waiting_, [this](const PushJob& older) {
      if (!older.droppable) return false;
      outcomes_.push_back(
          {.step = older.step, .commit_message = older.commit_message, .superseded = true});
      return true;
    });
  }
  waiting_.push_back(std::move(job));
  changed_.notify_all();
}

bool PushWorker::busy() const {
  const std::lock_guard lock(mutex_);
  return running_ || !waiting_.empty();
}

std::vector<PushOutcome> PushWorker::take_outcomes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcomes_, {});
}

std::vector<PushOutcome> PushWorker::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !running_ && waiting_.empty(); });
  return std::exchange(outcomes_, {});
}

void PushWorker::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    if (stop.stop_requested()) return;
    PushJob job = std::move(waiting_.front());
    waiting_.pop_front();
    running_ = true;
    lock.unlock();
    PushOutcome outcome = run(std::move(job), stop);  // the job's snapshot is gone after this
    lock.lock();
    outcomes_.push_back(std::move(outcome));
    running_ = false;
    changed_.notify_all();
  }
}

PushOutcome PushWorker::run(PushJob job, const std::stop_token& stop) const {
  const auto start = std::chrono::steady_clock::now();
  PushOutcome outcome;
  try {
    outcome = push_(job, stop);
  } catch (const std::exception& error) {
    outcome.error = error.what();  // crosses the thread as a value; the owner decides what it means
  }
  outcome.step = job.step;
  outcome.commit_message = job.commit_message;
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return outcome;
}

}  // namespace torchhub
