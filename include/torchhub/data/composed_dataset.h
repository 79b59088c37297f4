#pragma once

#include "torchhub/data/dataset.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace torchhub {

/// Another dataset with every sample changed on its way out.
class TransformedDataset final : public Dataset {
 public:
  /// Called from the loader's threads. What it draws by chance should depend on the sample's number
  /// alone: a resumed run then finds the same.
  using Transform = std::function<Batch(Batch sample, std::int64_t index)>;

  TransformedDataset(std::shared_ptr<const Dataset> dataset, Transform transform);
  std::int64_t size() const override { return dataset_->size(); }
  Batch get(std::int64_t index) const override;

 private:
  std::shared_ptr<const Dataset> dataset_;
  Transform transform_;
};

/// Datasets one after another, such as the files of one training set.
class ConcatDataset final : public Dataset {
 public:
  /// @throws InvalidArgumentError if there is none
  explicit ConcatDataset(std::vector<std::shared_ptr<const Dataset>> datasets);
  std::int64_t size() const override { return ends_.back(); }
  Batch get(std::int64_t index) const override;

 private:
  std::vector<std::shared_ptr<const Dataset>> datasets_;
  std::vector<std::int64_t> ends_;  // of each dataset, in numbers of the whole
};

}  // namespace torchhub
