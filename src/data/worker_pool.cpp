#include "data/worker_pool.h"

#include <torch/torch.h>

namespace torchhub {

WorkerBatches::WorkerBatches(BatchSource source, std::int64_t first, int num_workers,
                             int prefetch_factor)
    : source_(std::move(source)),
      most_ahead_(static_cast<std::int64_t>(num_workers) * prefetch_factor),
      wanted_(first),
      unclaimed_(first) {
  for (int i = 0; i < num_workers; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

std::optional<Batch> WorkerBatches::next() {
  std::unique_lock lock(mutex_);
  if (wanted_ >= source_.size()) return std::nullopt;
  changed_.wait(lock, [this] { return loaded_.contains(wanted_); });
  Loaded& ready = loaded_.at(wanted_);
  if (ready.error) std::rethrow_exception(ready.error);  // stays, so that later calls throw it too
  Batch batch = std::move(ready.batch);
  loaded_.erase(wanted_++);
  changed_.notify_all();
  return batch;
}

void WorkerBatches::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (unclaimed_ < source_.size()) {
    const bool may_go_on =
        changed_.wait(lock, stop, [this] { return unclaimed_ < wanted_ + most_ahead_; });
    if (stop.stop_requested() || !may_go_on || unclaimed_ >= source_.size()) return;
    const std::int64_t mine = unclaimed_++;
    lock.unlock();
    Loaded loaded = load(mine);
    lock.lock();
    loaded_.emplace(mine, std::move(loaded));
    changed_.notify_all();
  }
}

WorkerBatches::Loaded WorkerBatches::load(std::int64_t batch) const {
  try {
    return {source_.load(batch), nullptr};
  } catch (...) {
    return {{}, std::current_exception()};  // rethrown by next(), on the training thread
  }
}

}  // namespace torchhub
