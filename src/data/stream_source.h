#pragma once

#include "data/batch_source.h"
#include "torchhub/data/iterable_dataset.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace torchhub {

/// Batches of a stream. Every process passes through the whole of it and keeps its share of each
/// block.
class StreamSource final : public BatchSource {
 public:
  /// Opens the stream and skips. @throws what the stream does
  StreamSource(EpochPlan plan, std::shared_ptr<const IterableDataset> dataset,
               std::int64_t first_sample);

  std::optional<BatchTask> claim() override;
  Batch load(const BatchTask& task) const override;
  std::int64_t first_sample() const override { return first_sample_; }

 private:
  std::int64_t read_block(std::vector<Batch>& mine);
  void fill(std::vector<Batch>& mine, std::int64_t real) const;

  EpochPlan plan_;
  std::shared_ptr<const IterableDataset> dataset_;
  std::unique_ptr<SampleStream> stream_;
  std::int64_t first_sample_;
  std::int64_t seen_;  // samples of the stream that were passed
  std::int64_t batch_;
  bool ended_ = false;
};

}  // namespace torchhub
