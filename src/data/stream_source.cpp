#include "data/stream_source.h"

#include "data/error_context.h"

#include <algorithm>
#include <utility>

namespace torchhub {
namespace {

/// The next samples, as many as there are.
std::vector<Batch> take(SampleStream& stream, std::int64_t count) {
  std::vector<Batch> samples;
  while (std::ssize(samples) < count) {
    auto sample = stream.next();
    if (!sample) break;
    samples.push_back(std::move(*sample));
  }
  return samples;
}

}  // namespace

StreamSource::StreamSource(EpochPlan plan, std::shared_ptr<const IterableDataset> dataset,
                           std::int64_t first_sample)
    : plan_(std::move(plan)),
      dataset_(std::move(dataset)),
      stream_(dataset_->open(plan_.epoch)),
      first_sample_(first_sample > 0 ? stream_->skip(first_sample) : 0),
      seen_(first_sample_),
      batch_(first_sample_ / plan_.layout.block()),
      ended_(first_sample_ < first_sample) {}

std::optional<BatchTask> StreamSource::claim() {
  if (ended_) return std::nullopt;
  const BatchLayout& layout = plan_.layout;
  return with_context([&] { return plan_.place_of(batch_); },
                      [&]() -> std::optional<BatchTask> {
                        BatchTask task{.batch = batch_};
                        const std::int64_t real = read_block(task.samples);
                        seen_ += real;
                        if (real < layout.block()) {
                          ended_ = true;
                          if (real == 0 || layout.drops_last()) return std::nullopt;
                          if (layout.wraps()) fill(task.samples, real);
                          if (task.samples.empty()) return std::nullopt;
                        }
                        task.samples_seen = seen_;
                        ++batch_;
                        return task;
                      });
}

/// @return samples of the block that there were, for all processes together
std::int64_t StreamSource::read_block(std::vector<Batch>& mine) {
  const BatchLayout& layout = plan_.layout;
  const std::int64_t before = layout.share_begin();
  const std::int64_t after = layout.block() - before - layout.share();
  std::int64_t real = before > 0 ? stream_->skip(before) : 0;
  if (real < before) return real;
  mine = take(*stream_, layout.share());
  real += std::ssize(mine);
  if (std::ssize(mine) == layout.share() && after > 0) real += stream_->skip(after);
  return real;
}

/// Adds what is missing of this process's share from the start of the epoch. The stream is opened
/// again for it: nobody keeps the first block for an epoch's length, and a resumed run never had
/// it.
void StreamSource::fill(std::vector<Batch>& mine, std::int64_t real) const {
  const BatchLayout& layout = plan_.layout;
  const auto again = dataset_->open(plan_.epoch);
  const std::vector<Batch> head = take(*again, std::min(seen_, layout.block() - real));
  const std::int64_t end = layout.share_begin() + layout.share();
  for (std::int64_t i = std::max(real, layout.share_begin()); i < end && !head.empty(); ++i) {
    mine.push_back(head[static_cast<std::size_t>((i - real) % std::ssize(head))]);
  }
}

Batch StreamSource::load(const BatchTask& task) const {
  return with_context([&] { return plan_.place_of(task.batch); },
                      [&] { return plan_.handed_out(plan_.collated(task.samples, task.batch)); });
}

}  // namespace torchhub
