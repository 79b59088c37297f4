#include "data/map_source.h"

#include "data/error_context.h"
#include "data/label_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace torchhub {

MapSource::MapSource(EpochPlan plan, std::shared_ptr<const Dataset> dataset,
                     std::vector<std::int64_t> order, std::int64_t first_sample)
    : plan_(std::move(plan)),
      dataset_(std::move(dataset)),
      order_(std::move(order)),
      first_sample_(std::min(first_sample, samples())),
      num_batches_(plan_.layout.num_batches(samples() - first_sample_)) {}

std::optional<BatchTask> MapSource::claim() {
  if (claimed_ >= num_batches_) return std::nullopt;
  const BatchLayout& layout = plan_.layout;
  const std::int64_t block = first_sample_ + claimed_ * layout.block();
  const std::int64_t begin = block + layout.share_begin();
  const std::int64_t end =
      layout.wraps() ? begin + layout.share() : std::min(begin + layout.share(), samples());
  BatchTask task{.batch = first_sample_ / layout.block() + claimed_,
                 .samples_seen = std::min(block + layout.block(), samples())};
  task.indices.reserve(static_cast<std::size_t>(end - begin));
  for (std::int64_t i = begin; i < end; ++i) {
    task.indices.push_back(order_[static_cast<std::size_t>(i % samples())]);
  }
  ++claimed_;
  return task;
}

Batch MapSource::load(const BatchTask& task) const {
  return with_context([&] { return plan_.place_of(task.batch); },
                      [&] { return plan_.handed_out(read(task)); });
}

Batch MapSource::read(const BatchTask& task) const {
  if (!plan_.collator) {
    if (auto ready = dataset_->get_batch(task.indices)) {
      return with_label_column(plan_.asked_for(std::move(*ready)));
    }
  }
  std::vector<Batch> samples;
  samples.reserve(task.indices.size());
  for (const std::int64_t index : task.indices) {
    samples.push_back(with_context([&] { return fmt::format("sample {}", index); },
                                   [&] { return dataset_->get(index); }));
  }
  return plan_.collated(samples, task.batch);
}

}  // namespace torchhub
