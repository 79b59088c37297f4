#include "data/batch_layout.h"

#include "base/divided_up.h"

#include <algorithm>

namespace torchhub {

BatchLayout::BatchLayout(const DataLoaderOptions& options)
    : share_(options.split_batches ? options.batch_size / options.world_size : options.batch_size),
      rank_(options.rank),
      world_size_(options.world_size),
      drop_last_(options.drop_last),
      // A process alone keeps its short batch: accelerate shards nothing then.
      wraps_(options.even_batches && !options.drop_last && options.world_size > 1) {}

std::int64_t BatchLayout::num_batches(std::int64_t samples) const {
  if (drop_last_) return std::max<std::int64_t>(samples, 0) / block();
  const std::int64_t mine = wraps_ ? samples : samples - share_begin();
  return divided_up(std::max<std::int64_t>(mine, 0), block());
}

}  // namespace torchhub
