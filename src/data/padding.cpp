#include "torchhub/data/padding.h"

#include "data/columns.h"
#include "data/padded_column.h"
#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <map>

namespace torchhub {
namespace {

void require_whole_numbers(const std::vector<Batch>& samples, const std::string& name) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const at::Tensor& value = value_of(samples, i, name);
    if (torch::isIntegralType(value.scalar_type(), /*includeBool=*/true)) continue;
    throw DatasetError(fmt::format(
        "'{}' of sample {} of a batch is of type {}, but needs whole numbers. Convert it in the "
        "dataset.",
        name, i, torch::toString(value.scalar_type())));
  }
}

void require_pad_token(const std::vector<std::int64_t>& lengths, std::int64_t padded,
                       const PaddingOptions& options) {
  if (options.pad_token_id) return;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] == padded) continue;
    throw DatasetError(fmt::format(
        "Sample {} of a batch has {} tokens and must be padded to {}, but there is no pad "
        "token. Set pad_token_id (the end token's will do), or make all samples equally "
        "long.",
        i, lengths[i], padded));
  }
}

/// 1 where the sample has a token.
at::Tensor made_attention_mask(const std::vector<Batch>& samples, RowPadding padding) {
  std::vector<Batch> ones;
  for (const Batch& sample : samples) {
    ones.push_back({{"attention_mask", torch::ones_like(sample.at("input_ids"), torch::kInt64)}});
  }
  padding.fill = 0;
  return padded_column(ones, "attention_mask", padding);
}

}  // namespace

std::vector<std::string> problems(const PaddingOptions& options) {
  std::vector<std::string> wrong;
  if (options.pad_token_id && *options.pad_token_id < 0) {
    wrong.push_back(fmt::format("pad_token_id is {}: it must be 0 or more", *options.pad_token_id));
  }
  if (options.max_length && *options.max_length <= 0) {
    wrong.push_back(fmt::format("max_length is {}: it must be above 0", *options.max_length));
  }
  if (options.padding == PaddingStrategy::max_length && !options.max_length) {
    wrong.emplace_back(
        "padding is max_length, but max_length is not set: set it, or pad to longest");
  }
  if (options.pad_to_multiple_of && *options.pad_to_multiple_of <= 0) {
    wrong.push_back(
        fmt::format("pad_to_multiple_of is {}: it must be above 0", *options.pad_to_multiple_of));
  }
  return wrong;
}

Batch pad(const std::vector<Batch>& samples, const PaddingOptions& options) {
  checked(options, "A padded batch");
  require_samples(samples);
  const std::vector<std::int64_t> lengths = row_lengths(samples, "input_ids");
  require_whole_numbers(samples, "input_ids");
  RowPadding rows{.length = padded_length(lengths, "input_ids", options),
                  .side = options.padding_side};
  require_pad_token(lengths, rows.length, options);

  const std::map<std::string, std::int64_t> fills = {
      {"input_ids", options.pad_token_id.value_or(0)},
      {"attention_mask", 0},
      {"token_type_ids", options.pad_token_type_id},
      {"special_tokens_mask", 1}};
  Batch batch;
  for (const auto& [name, first] : samples.front()) {
    if (!first.defined()) continue;
    const auto fill = fills.find(name);
    if (name == "attention_mask" && first.dim() > 1) {
      batch.emplace(name, stacked(samples, name));
    } else if (fill != fills.end()) {
      require_one_a_token(samples, name);
      rows.fill = fill->second;
      batch.emplace(name, padded_column(samples, name, rows));
    } else {
      batch.emplace(name, as_python_numbers(stacked(samples, name)));
    }
  }
  if (!batch.contains("attention_mask")) {
    batch.emplace("attention_mask", made_attention_mask(samples, rows));
  }
  return batch;
}

}  // namespace torchhub
