#include "torchhub/data/flattening.h"

#include "data/columns.h"
#include "data/padded_column.h"
#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace torchhub {
namespace {

void require_tokens(const std::vector<std::int64_t>& lengths) {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] == 0) {
      throw DatasetError(fmt::format(
          "'input_ids' of sample {} of a batch is empty. Leave such samples out of the dataset.",
          i));
    }
    total += lengths[i];
  }
  if (total > std::numeric_limits<std::int32_t>::max()) {
    throw DatasetError(fmt::format(
        "{} tokens in one batch are more than int32 can count. Make the batch smaller.", total));
  }
}

/// [1, tokens]
at::Tensor one_row(const std::vector<at::Tensor>& parts, torch::ScalarType type) {
  return torch::cat(parts).to(type).unsqueeze(0);
}

std::vector<at::Tensor> column_of(const std::vector<Batch>& samples, const std::string& name) {
  std::vector<at::Tensor> parts;
  for (const Batch& sample : samples) parts.push_back(sample.at(name).to(torch::kInt64));
  return parts;
}

at::Tensor row_of_labels(const std::vector<Batch>& samples, std::int64_t separator_id) {
  const bool own = has_value(samples.front(), "labels");
  if (own) require_one_a_token(samples, "labels");
  std::vector<at::Tensor> parts = column_of(samples, own ? "labels" : "input_ids");
  for (at::Tensor& part : parts) {
    part = part.clone();
    part[0] = separator_id;
  }
  return one_row(parts, torch::kInt64);
}

void add_flash_attention(Batch& batch, const std::vector<std::int64_t>& lengths) {
  std::vector<std::int64_t> ends = {0};
  for (const std::int64_t length : lengths) ends.push_back(ends.back() + length);
  const at::Tensor cumulative = torch::tensor(ends).to(torch::kInt32);
  const at::Tensor longest = torch::tensor(*std::max_element(lengths.begin(), lengths.end()));
  for (const char* side : {"q", "k"}) {
    batch.emplace(fmt::format("cu_seq_lens_{}", side), cumulative);
    batch.emplace(fmt::format("max_length_{}", side), longest);
  }
}

}  // namespace

DataCollatorWithFlattening::DataCollatorWithFlattening(FlatteningOptions options)
    : options_(options) {}

Batch DataCollatorWithFlattening::operator()(const std::vector<Batch>& samples,
                                             std::uint64_t /*seed*/) const {
  require_samples(samples);
  const std::vector<std::int64_t> lengths = row_lengths(samples, "input_ids");
  require_tokens(lengths);
  Batch batch;
  batch.emplace("input_ids", one_row(column_of(samples, "input_ids"), torch::kInt64));
  batch.emplace("labels", row_of_labels(samples, options_.separator_id));
  std::vector<at::Tensor> positions;
  std::vector<at::Tensor> numbers;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    positions.push_back(torch::arange(lengths[i]));
    numbers.push_back(torch::full({lengths[i]}, static_cast<std::int64_t>(i), torch::kInt64));
  }
  if (options_.return_position_ids) {
    batch.emplace("position_ids", one_row(positions, torch::kInt64));
  }
  if (options_.return_seq_idx) batch.emplace("seq_idx", one_row(numbers, torch::kInt32));
  if (options_.return_flash_attn_kwargs) add_flash_attention(batch, lengths);
  return batch;
}

}  // namespace torchhub
