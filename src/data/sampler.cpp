#include "torchhub/data/sampler.h"

#include <torch/torch.h>

#include <numeric>

namespace torchhub {

std::vector<std::int64_t> SequentialSampler::order(std::int64_t /*epoch*/) const {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(size_));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

std::vector<std::int64_t> RandomSampler::order(std::int64_t epoch) const {
  const auto generator = at::detail::createCPUGenerator(seed_ + static_cast<std::uint64_t>(epoch));
  const torch::Tensor permutation = torch::randperm(size_, generator, torch::kInt64);
  const auto* first = permutation.data_ptr<std::int64_t>();
  return {first, first + size_};
}

}  // namespace torchhub
