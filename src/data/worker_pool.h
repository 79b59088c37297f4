#pragma once

#include "data/batch_source.h"

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace torchhub {

/// Batches loaded ahead by threads and handed out in order.
class WorkerBatches final : public EpochBatches {
 public:
  WorkerBatches(BatchSource source, std::int64_t first, int num_workers, int prefetch_factor);
  std::optional<Batch> next() override;

 private:
  /// A batch, or what loading it threw.
  struct Loaded {
    Batch batch;
    std::exception_ptr error;
  };

  void work(const std::stop_token& stop);
  Loaded load(std::int64_t batch) const;

  const BatchSource source_;
  const std::int64_t most_ahead_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::int64_t wanted_;                    // guarded by mutex_: the batch that next() gives
  std::int64_t unclaimed_;                 // guarded by mutex_: the first that no worker has taken
  std::map<std::int64_t, Loaded> loaded_;  // guarded by mutex_
  std::vector<std::jthread> threads_;  // last member: starts after, and stops before, the others
};

}  // namespace torchhub
