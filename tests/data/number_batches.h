#pragma once

#include "torchhub/data/collator.h"
#include "torchhub/data/dataset.h"
#include "torchhub/data/loader.h"

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace torchhub::testing {

using Batches = std::vector<std::vector<std::int64_t>>;

/// Sample i is the number i, and its column "x".
inline std::shared_ptr<TensorDataset> numbers(std::int64_t size) {
  return std::make_shared<TensorDataset>(Batch{{"x", torch::arange(size)}});
}

/// A collator whose batches say with which seed it was called.
inline Batch with_seed(const std::vector<Batch>& samples, std::uint64_t seed) {
  Batch batch = default_data_collator(samples, seed);
  batch["seed"] = torch::tensor(static_cast<std::int64_t>(seed));
  return batch;
}

/// The numbers of one column in the batches that are still to come.
inline Batches rest_of(EpochBatches& batches, const std::string& name = "x") {
  Batches all;
  while (const auto batch = batches.next()) {
    const torch::Tensor values = batch->at(name).reshape(-1);
    const auto* first = values.data_ptr<std::int64_t>();
    all.emplace_back(first, first + values.numel());
  }
  return all;
}

}  // namespace torchhub::testing
