#include "data/batch_source.h"

#include "data/columns.h"
#include "torchhub/data/error.h"

#include <torch/cuda.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

namespace torchhub {
namespace {

/// splitmix64: neighbouring inputs give unrelated seeds.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// Is a column among those that are asked for?
auto is_among(const std::vector<std::string>& columns) {
  return [&columns](const auto& column) {
    return std::find(columns.begin(), columns.end(), column.first) != columns.end();
  };
}

}  // namespace

Batch EpochPlan::asked_for(Batch given) const {
  if (!columns) return given;
  if (!given.empty() && std::none_of(given.begin(), given.end(), is_among(*columns))) {
    throw DatasetError(fmt::format(
        "The dataset has no column that is read: it has {}, and {} are asked for. Rename its "
        "columns, or set remove_unused_columns to false.",
        names_text(given), fmt::join(*columns, ", ")));
  }
  std::erase_if(given, std::not_fn(is_among(*columns)));
  return given;
}

Batch EpochPlan::collated(const std::vector<Batch>& given, std::int64_t batch) const {
  std::vector<Batch> kept;
  const bool as_given =
      !columns || std::all_of(given.begin(), given.end(), [&](const Batch& sample) {
        return std::all_of(sample.begin(), sample.end(), is_among(*columns));
      });
  if (!as_given) {
    for (const Batch& sample : given) kept.push_back(asked_for(sample));
  }
  const std::vector<Batch>& samples = as_given ? given : kept;
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
