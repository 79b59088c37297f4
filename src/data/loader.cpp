#include "torchhub/data/loader.h"

#include "data/batch_source.h"
#include "data/worker_pool.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

/// Loads in the calling thread.
class DirectBatches final : public EpochBatches {
 public:
  DirectBatches(BatchSource source, std::int64_t first)
      : source_(std::move(source)), next_(first) {}

  std::optional<Batch> next() override {
    if (next_ >= source_.size()) return std::nullopt;
    return source_.load(next_++);
  }

 private:
  BatchSource source_;
  std::int64_t next_;
};

}  // namespace

DataLoader::DataLoader(std::shared_ptr<const Dataset> dataset,
                       std::shared_ptr<const Sampler> sampler, Collator collator,
                       DataLoaderOptions options)
    : dataset_(std::move(dataset)),
      sampler_(std::move(sampler)),
      collator_(std::move(collator)),
      options_(options) {
  std::vector<std::string> problems;
  if (options_.batch_size <= 0) problems.push_back("batch_size must be above 0.");
  if (options_.num_workers < 0) problems.push_back("num_workers must not be negative.");
  if (options_.prefetch_factor <= 0) problems.push_back("prefetch_factor must be above 0.");
  if (!problems.empty()) throw InvalidArgumentError("DataLoader options", std::move(problems));
}

std::int64_t DataLoader::size() const {
  const std::int64_t samples = sampler_->size();
  return options_.drop_last ? samples / options_.batch_size
                            : (samples + options_.batch_size - 1) / options_.batch_size;
}

std::unique_ptr<EpochBatches> DataLoader::epoch(std::int64_t epoch,
                                                std::int64_t skip_batches) const {
  if (skip_batches < 0) throw InvalidArgumentError("skip_batches must not be negative.");
  BatchSource source(dataset_, collator_, sampler_->order(epoch), options_, epoch, size());
  if (options_.num_workers == 0) {
    return std::make_unique<DirectBatches>(std::move(source), skip_batches);
  }
  return std::make_unique<WorkerBatches>(std::move(source), skip_batches, options_.num_workers,
                                         options_.prefetch_factor);
}

}  // namespace torchhub
