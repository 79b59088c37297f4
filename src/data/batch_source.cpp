#include "data/batch_source.h"

#include "data/label_column.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace torchhub {
namespace {

/// splitmix64: neighbouring inputs give unrelated seeds.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

BatchSource::BatchSource(std::shared_ptr<const Dataset> dataset, Collator collator,
                         std::vector<std::int64_t> order, const DataLoaderOptions& options,
                         std::int64_t epoch, std::int64_t num_batches)
    : dataset_(std::move(dataset)),
      collator_(std::move(collator)),
      order_(std::move(order)),
      options_(options),
      epoch_(epoch),
      num_batches_(num_batches) {}

Batch BatchSource::load(std::int64_t batch) const {
  const std::int64_t begin = batch * options_.batch_size;
  const std::int64_t end =
      std::min(begin + options_.batch_size, static_cast<std::int64_t>(order_.size()));
  const std::span<const std::int64_t> indices(order_.data() + begin,
                                              static_cast<std::size_t>(end - begin));
  try {
    if (!collator_) {
      if (auto ready = dataset_->get_batch(indices)) return with_label_column(std::move(*ready));
    }
    std::vector<Batch> samples;
    samples.reserve(indices.size());
    for (const std::int64_t index : indices) samples.push_back(dataset_->get(index));
    const std::uint64_t seed =
        mixed(mixed(mixed(options_.seed) + static_cast<std::uint64_t>(epoch_)) +
              static_cast<std::uint64_t>(batch));
    return collator_ ? collator_(samples, seed) : default_data_collator(samples, seed);
  } catch (Error& error) {
    error.add_context(fmt::format("loading batch {} of epoch {}", batch, epoch_));
    throw;
  }
}

}  // namespace torchhub
