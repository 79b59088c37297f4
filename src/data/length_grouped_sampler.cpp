#include "torchhub/data/dataset.h"
#include "torchhub/data/sampler.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace torchhub {
namespace {

/// Batches a chunk: a quarter of all, so that chunks differ from epoch to epoch, and at most this.
constexpr std::int64_t kMostBatchesAChunk = 50;

std::int64_t chunk_size(std::int64_t samples, std::int64_t batch_size) {
  const std::int64_t quarter = samples / (batch_size * 4);
  return std::clamp<std::int64_t>(quarter, 1, kMostBatchesAChunk) * batch_size;
}

const at::Tensor* column(const Batch& sample, std::string_view name) {
  const auto found = sample.find(std::string(name));
  return found == sample.end() ? nullptr : &found->second;
}

}  // namespace

LengthGroupedSampler::LengthGroupedSampler(std::vector<std::int64_t> lengths,
                                           std::int64_t batch_size, std::uint64_t seed)
    : lengths_(std::move(lengths)), batch_size_(batch_size), seed_(seed) {
  if (batch_size_ <= 0) {
    throw InvalidArgumentError(
        fmt::format("batch_size of a LengthGroupedSampler must be above 0; it is {}.", batch_size));
  }
}

std::vector<std::int64_t> LengthGroupedSampler::order(std::int64_t epoch) const {
  std::vector<std::int64_t> order = RandomSampler(size(), seed_).order(epoch);
  const std::int64_t chunk = chunk_size(size(), batch_size_);
  const auto length = [this](std::int64_t i) { return lengths_[static_cast<std::size_t>(i)]; };
  std::int64_t longest = 0;  // the place in `order` that holds it
  for (std::int64_t begin = 0; begin < size(); begin += chunk) {
    const auto first = order.begin() + begin;
    const auto last = order.begin() + std::min(begin + chunk, size());
    std::stable_sort(first, last,
                     [&](std::int64_t a, std::int64_t b) { return length(a) > length(b); });
    const auto at = [&](std::int64_t place) { return order[static_cast<std::size_t>(place)]; };
    if (length(at(begin)) > length(at(longest))) longest = begin;
  }
  if (!order.empty()) std::swap(order.front(), order[static_cast<std::size_t>(longest)]);
  return order;
}

std::vector<std::int64_t> lengths_of(const Dataset& dataset, std::string_view length_column_name,
                                     std::string_view input_name) {
  std::vector<std::int64_t> lengths;
  lengths.reserve(static_cast<std::size_t>(dataset.size()));
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const Batch sample = dataset.get(i);
    const at::Tensor* length = column(sample, length_column_name);
    const at::Tensor* input = column(sample, input_name);
    if (length != nullptr && length->numel() == 1) {
      lengths.push_back(length->item<std::int64_t>());
    } else if (input != nullptr) {
      lengths.push_back(input->numel());
    } else {
      throw InvalidArgumentError(fmt::format(
          "Sample {} has neither a number '{}' nor '{}' to group by length. Name the column of "
          "lengths, or train with another train_sampling_strategy.",
          i, length_column_name, input_name));
    }
  }
  return lengths;
}

}  // namespace torchhub
