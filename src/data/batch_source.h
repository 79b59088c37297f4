#pragma once

#include "torchhub/data/loader.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace torchhub {

/// Loads batch k of one epoch, from any thread.
class BatchSource {
 public:
  BatchSource(std::shared_ptr<const Dataset> dataset, Collator collator,
              std::vector<std::int64_t> order, const DataLoaderOptions& options, std::int64_t epoch,
              std::int64_t num_batches);

  std::int64_t size() const { return num_batches_; }
  /// @throws what the dataset or the collator throws, with epoch and batch named before it
  Batch load(std::int64_t batch) const;

 private:
  std::shared_ptr<const Dataset> dataset_;
  Collator collator_;
  std::vector<std::int64_t> order_;
  DataLoaderOptions options_;
  std::int64_t epoch_;
  std::int64_t num_batches_;
};

}  // namespace torchhub
