#pragma once

#include "data/batch_source.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace torchhub {

/// Batches loaded ahead by threads and handed out in order.
class WorkerBatches final : public EpochBatches {
 public:
  WorkerBatches(std::unique_ptr<BatchSource> source, int num_workers, int prefetch_factor);
  ~WorkerBatches() override;
  WorkerBatches(const WorkerBatches&) = delete;
  WorkerBatches& operator=(const WorkerBatches&) = delete;
  std::optional<Batch> next() override;
  std::int64_t samples_seen() const override { return samples_seen_; }

 private:
  /// A batch, or what claiming or loading it threw.
  struct Loaded {
    Batch batch;
    std::exception_ptr error;
    std::int64_t samples_seen;
  };

  void work(const std::stop_token& stop);
  bool wait_for_room(const std::stop_token& stop);
  std::optional<BatchTask> claim();
  Loaded load(const BatchTask& task) const;
  void store(std::int64_t place, Loaded loaded);

  const std::unique_ptr<BatchSource> source_;
  const std::int64_t most_ahead_;
  std::int64_t samples_seen_;  // of the consumer alone

  std::mutex claiming_;  // held while the source is asked, which may read a file; before mutex_
  std::int64_t claimed_ = 0;  // guarded by claiming_: batches taken, the next one's place
  bool all_claimed_ = false;  // guarded by claiming_

  std::mutex mutex_;
  std::condition_variable ready_;     // the wanted batch, or the end, is there
  std::condition_variable_any room_;  // for the worker that holds claiming_
  std::int64_t wanted_ = 0;           // guarded by mutex_: place of the batch that next() gives
  std::optional<std::int64_t> end_;   // guarded by mutex_: number of batches, once it is known
  std::map<std::int64_t, Loaded> loaded_;  // guarded by mutex_, by place
  std::vector<std::jthread> threads_;  // last member: starts after, and stops before, the others
};

}  // namespace torchhub
