#pragma once

#include "data/batch_source.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace torchhub {

/// Batches of a dataset whose samples can be had by number.
class MapSource final : public BatchSource {
 public:
  /// @param first_sample place in `order` to start at. >= 0
  MapSource(EpochPlan plan, std::shared_ptr<const Dataset> dataset, std::vector<std::int64_t> order,
            std::int64_t first_sample);

  std::optional<BatchTask> claim() override;
  Batch load(const BatchTask& task) const override;
  std::int64_t first_sample() const override { return first_sample_; }

 private:
  Batch read(const BatchTask& task) const;
  std::int64_t samples() const { return static_cast<std::int64_t>(order_.size()); }

  EpochPlan plan_;
  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::int64_t> order_;
  std::int64_t first_sample_;
  std::int64_t num_batches_;
  std::int64_t claimed_ = 0;
};

}  // namespace torchhub
