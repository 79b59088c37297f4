#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {

std::optional<Batch> Dataset::get_batch(std::span<const std::int64_t>) const {
  return std::nullopt;
}

TensorDataset::TensorDataset(Batch columns) : columns_(std::move(columns)) {
  if (columns_.empty()) throw InvalidArgumentError("A TensorDataset needs at least one tensor.");
  for (const auto& [name, tensor] : columns_) {
    if (!tensor.defined() || tensor.dim() == 0) {
      throw InvalidArgumentError(fmt::format(
          "Column '{}' of the TensorDataset needs a first dimension: one row a sample.", name));
    }
    if (size_ == 0) size_ = tensor.size(0);
    if (tensor.size(0) != size_) {
      throw InvalidArgumentError(
          fmt::format("Column '{}' of the TensorDataset has {} rows, the ones before it have {}.",
                      name, tensor.size(0), size_));
    }
  }
}

Batch TensorDataset::get(std::int64_t index) const {
  Batch sample;
  for (const auto& [name, tensor] : columns_) sample.emplace(name, tensor.select(0, index));
  return sample;
}

std::optional<Batch> TensorDataset::get_batch(std::span<const std::int64_t> indices) const {
  const torch::Tensor rows =
      torch::tensor(at::ArrayRef<std::int64_t>(indices.data(), indices.size()), torch::kInt64);
  Batch batch;
  for (const auto& [name, tensor] : columns_) batch.emplace(name, tensor.index_select(0, rows));
  return batch;
}

std::shared_ptr<TensorDataset> TensorDataset::first(std::int64_t count) const {
  Batch columns;
  for (const auto& [name, tensor] : columns_) {
    columns.emplace(name, tensor.narrow(0, 0, std::min(count, size_)));
  }
  return std::make_shared<TensorDataset>(std::move(columns));
}

}  // namespace torchhub
