#include "torchhub/data/composed_dataset.h"

#include <algorithm>
#include <utility>

namespace torchhub {

TransformedDataset::TransformedDataset(std::shared_ptr<const Dataset> dataset, Transform transform)
    : dataset_(std::move(dataset)), transform_(std::move(transform)) {}

Batch TransformedDataset::get(std::int64_t index) const {
  return transform_(dataset_->get(index), index);
}

ConcatDataset::ConcatDataset(std::vector<std::shared_ptr<const Dataset>> datasets)
    : datasets_(std::move(datasets)) {
  if (datasets_.empty()) throw InvalidArgumentError("A ConcatDataset needs at least one dataset.");
  std::int64_t end = 0;
  for (const auto& dataset : datasets_) ends_.push_back(end += dataset->size());
}

Batch ConcatDataset::get(std::int64_t index) const {
  const auto found = std::upper_bound(ends_.begin(), ends_.end(), index);
  const auto which = static_cast<std::size_t>(found - ends_.begin());
  return datasets_.at(which)->get(which == 0 ? index : index - ends_[which - 1]);
}

}  // namespace torchhub
