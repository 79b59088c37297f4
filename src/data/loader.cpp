#include "torchhub/data/loader.h"

#include "data/map_source.h"
#include "data/stream_source.h"
#include "data/worker_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

/// Loads in the calling thread.
class DirectBatches final : public EpochBatches {
 public:
  explicit DirectBatches(std::unique_ptr<BatchSource> source)
      : source_(std::move(source)), samples_seen_(source_->first_sample()) {}

  std::optional<Batch> next() override {
    if (error_) std::rethrow_exception(error_);
    try {
      const auto task = source_->claim();
      if (!task) return std::nullopt;
      Batch batch = source_->load(*task);
      samples_seen_ = task->samples_seen;
      return batch;
    } catch (...) {
      error_ = std::current_exception();
      throw;
    }
  }

  std::int64_t samples_seen() const override { return samples_seen_; }

 private:
  std::unique_ptr<BatchSource> source_;
  std::int64_t samples_seen_;
  std::exception_ptr error_;
};

void check(const DataLoaderOptions& options) {
  std::vector<std::string> problems;
  if (options.batch_size <= 0) problems.push_back("batch_size must be above 0.");
  if (options.num_workers < 0) problems.push_back("num_workers must not be negative.");
  if (options.prefetch_factor <= 0) problems.push_back("prefetch_factor must be above 0.");
  if (options.world_size <= 0) problems.push_back("world_size must be above 0.");
  if (options.world_size > 0 && (options.rank < 0 || options.rank >= options.world_size)) {
    problems.push_back(fmt::format("rank must be from 0 to below world_size ({}); it is {}.",
                                   options.world_size, options.rank));
  }
  if (options.split_batches && options.world_size > 0 &&
      options.batch_size % options.world_size != 0) {
    problems.push_back(
        fmt::format("With split_batches, batch_size ({}) must be a multiple of world_size ({}).",
                    options.batch_size, options.world_size));
  }
  if (!problems.empty()) throw InvalidArgumentError("DataLoader options", std::move(problems));
}

}  // namespace

DataLoader::DataLoader(std::shared_ptr<const Dataset> dataset,
                       std::shared_ptr<const Sampler> sampler, Collator collator,
                       DataLoaderOptions options)
    : dataset_(std::move(dataset)),
      sampler_(std::move(sampler)),
      collator_(std::move(collator)),
      options_(std::move(options)) {
  check(options_);
}

DataLoader::DataLoader(std::shared_ptr<const IterableDataset> dataset, Collator collator,
                       DataLoaderOptions options)
    : stream_(std::move(dataset)), collator_(std::move(collator)), options_(std::move(options)) {
  check(options_);
}

std::int64_t DataLoader::size() const {
  if (const auto batches = num_batches()) return *batches;
  throw InvalidArgumentError(
      "This loader reads a stream that does not say how many samples it has. Ask num_batches(), "
      "or give the IterableDataset a size().");
}

std::optional<std::int64_t> DataLoader::num_batches(std::int64_t samples_seen) const {
  const std::optional<std::int64_t> samples = num_samples();
  if (!samples) return std::nullopt;
  return BatchLayout(options_).num_batches(std::max<std::int64_t>(*samples - samples_seen, 0));
}

std::optional<std::int64_t> DataLoader::num_samples() const {
  return stream_ ? stream_->size() : sampler_->size();
}

std::int64_t DataLoader::samples_per_batch() const { return BatchLayout(options_).block(); }

std::unique_ptr<EpochBatches> DataLoader::epoch(std::int64_t epoch,
                                                std::int64_t skip_batches) const {
  if (skip_batches < 0) throw InvalidArgumentError("skip_batches must not be negative.");
  const std::int64_t block = samples_per_batch();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return epoch_from_sample(epoch, std::min(skip_batches, kMost / block) * block);
}

std::unique_ptr<EpochBatches> DataLoader::epoch_from_sample(std::int64_t epoch,
                                                            std::int64_t samples_seen) const {
  if (samples_seen < 0) throw InvalidArgumentError("samples_seen must not be negative.");
  EpochPlan plan{.layout = BatchLayout(options_),
                 .collator = collator_,
                 .seed = options_.seed,
                 .epoch = epoch,
                 .pin_memory = options_.pin_memory,
                 .columns = options_.columns};
  std::unique_ptr<BatchSource> source;
  if (stream_) {
    source = std::make_unique<StreamSource>(std::move(plan), stream_, samples_seen);
  } else {
    source = std::make_unique<MapSource>(std::move(plan), dataset_, sampler_->order(epoch),
                                         samples_seen);
  }
  if (options_.num_workers == 0) return std::make_unique<DirectBatches>(std::move(source));
  return std::make_unique<WorkerBatches>(std::move(source), options_.num_workers,
                                         options_.prefetch_factor);
}

}  // namespace torchhub
