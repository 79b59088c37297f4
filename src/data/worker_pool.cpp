#include "data/worker_pool.h"

#include <utility>

namespace torchhub {

WorkerBatches::WorkerBatches(std::unique_ptr<BatchSource> source, int num_workers,
                             int prefetch_factor)
    : source_(std::move(source)),
      most_ahead_(static_cast<std::int64_t>(num_workers) * prefetch_factor),
      samples_seen_(source_->first_sample()) {
  for (int i = 0; i < num_workers; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

/// All are told to stop before the first is joined: it may wait for one that holds `claiming_`.
WorkerBatches::~WorkerBatches() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

std::optional<Batch> WorkerBatches::next() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return loaded_.contains(wanted_) || wanted_ == end_; });
  if (wanted_ == end_) return std::nullopt;
  Loaded& ready = loaded_.at(wanted_);
  if (ready.error) std::rethrow_exception(ready.error);  // stays, so that later calls throw it too
  Batch batch = std::move(ready.batch);
  samples_seen_ = ready.samples_seen;
  loaded_.erase(wanted_++);
  room_.notify_one();
  return batch;
}

void WorkerBatches::work(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock claiming(claiming_);
    if (all_claimed_ || !wait_for_room(stop)) return;
    const std::int64_t place = claimed_;
    const std::optional<BatchTask> task = claim();
    claiming.unlock();
    if (!task) return;
    store(place, load(*task));
  }
}

/// With `claiming_` held: no other worker can take the room. @return false to end
bool WorkerBatches::wait_for_room(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const bool room = room_.wait(lock, stop, [this] { return claimed_ < wanted_ + most_ahead_; });
  return room && !stop.stop_requested();
}

/// With `claiming_` held. What the source throws becomes the outcome of the batch that it is about.
std::optional<BatchTask> WorkerBatches::claim() {
  try {
    std::optional<BatchTask> task = source_->claim();
    if (task) {
      ++claimed_;
      return task;
    }
    const std::lock_guard lock(mutex_);
    end_ = claimed_;
    ready_.notify_one();
  } catch (...) {
    store(claimed_, {{}, std::current_exception(), 0});
  }
  all_claimed_ = true;
  return std::nullopt;
}

WorkerBatches::Loaded WorkerBatches::load(const BatchTask& task) const {
  try {
    return {source_->load(task), nullptr, task.samples_seen};
  } catch (...) {
    return {{}, std::current_exception(), 0};  // rethrown by next(), on the training thread
  }
}

void WorkerBatches::store(std::int64_t place, Loaded loaded) {
  const std::lock_guard lock(mutex_);
  loaded_.emplace(place, std::move(loaded));
  if (place == wanted_) ready_.notify_one();
}

}  // namespace torchhub
