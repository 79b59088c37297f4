#include "data/columns.h"
#include "data/padded_column.h"
#include "torchhub/data/dataset.h"
#include "torchhub/data/token_collators.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

/// One sample a choice, in the order of the samples.
std::vector<Batch> one_a_choice(const std::vector<Batch>& samples, std::int64_t choices) {
  std::vector<Batch> flat;
  flat.reserve(samples.size() * static_cast<std::size_t>(choices));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto first_choice = static_cast<std::ptrdiff_t>(flat.size());
    flat.resize(flat.size() + static_cast<std::size_t>(choices));
    for (const auto& [name, first] : samples.front()) {
      if (!first.defined()) continue;
      const at::Tensor& value = value_of(samples, i, name);
      if (value.dim() == 0 || value.size(0) != choices) {
        throw DatasetError(
            fmt::format("'{}' of sample {} of a batch has the shape {}, but needs [{}, ...]: as "
                        "many choices as "
                        "the input_ids of the first sample have. Make it so in the dataset.",
                        name, i, shape_text(value), choices));
      }
      for (std::int64_t choice = 0; choice < choices; ++choice) {
        flat[static_cast<std::size_t>(first_choice + choice)].emplace(name, value[choice]);
      }
    }
  }
  return flat;
}

Batch padded_choices(const std::vector<Batch>& flat, std::int64_t choices,
                     const PaddingOptions& padding) {
  try {
    return pad(flat, padding);
  } catch (DatasetError& error) {
    error.add_context(fmt::format("padding {} choices a sample, each counted as one", choices));
    throw;
  }
}

}  // namespace

DataCollatorForMultipleChoice::DataCollatorForMultipleChoice(PaddingOptions padding)
    : padding_(checked(padding, "DataCollatorForMultipleChoice")) {}

Batch DataCollatorForMultipleChoice::operator()(const std::vector<Batch>& samples,
                                                std::uint64_t /*seed*/) const {
  require_samples(samples);
  const std::string name = label_name(samples);
  const at::Tensor labels = stacked(samples, name).to(torch::kInt64);
  row_lengths(samples, "input_ids", 2);
  const std::int64_t choices = samples.front().at("input_ids").size(0);
  if (choices == 0) {
    throw DatasetError("'input_ids' of sample 0 of a batch has no choice. Leave such samples out.");
  }
  const auto batch_size = static_cast<std::int64_t>(samples.size());
  Batch batch = padded_choices(one_a_choice(without(samples, {name}), choices), choices, padding_);
  for (auto& [key, column] : batch) {
    const std::int64_t entries = column.numel() / (batch_size * choices);
    column = column.reshape({batch_size, choices, entries});
  }
  batch["labels"] = labels;
  return batch;
}

}  // namespace torchhub
