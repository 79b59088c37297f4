#include "data/batch_source.h"

#include <torch/cuda.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

/// splitmix64: neighbouring inputs give unrelated seeds.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

Batch EpochPlan::collated(const std::vector<Batch>& samples, std::int64_t batch) const {
  const std::uint64_t batch_seed = mixed(mixed(mixed(seed) + static_cast<std::uint64_t>(epoch)) +
                                         static_cast<std::uint64_t>(layout.number_of(batch)));
  return collator ? collator(samples, batch_seed) : default_data_collator(samples, batch_seed);
}

Batch EpochPlan::handed_out(Batch batch) const {
  if (!pin_memory || !torch::cuda::is_available()) return batch;
  for (auto& [name, tensor] : batch) {
    if (tensor.is_cpu()) tensor = tensor.pin_memory();
  }
  return batch;
}

std::string EpochPlan::place_of(std::int64_t batch) const {
  return fmt::format("loading batch {} of epoch {}", batch, epoch);
}

}  // namespace torchhub
