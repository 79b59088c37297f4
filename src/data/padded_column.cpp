#include "data/padded_column.h"

#include "data/columns.h"
#include "torchhub/base/error.h"
#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

std::int64_t rounded_up(std::int64_t length, std::optional<std::int64_t> multiple) {
  if (!multiple || length % *multiple == 0) return length;
  return (length / *multiple + 1) * *multiple;
}

[[noreturn]] void refuse_lengths(const std::vector<std::int64_t>& lengths, std::size_t odd,
                                 const std::string& name, const PaddingOptions& options) {
  if (options.padding == PaddingStrategy::do_not_pad) {
    throw DatasetError(fmt::format(
        "'{}' of sample {} of a batch has {} entries, that of the first one {}, and "
        "they are not to be padded. Set padding to longest, or make them equally long in "
        "the dataset.",
        name, odd, lengths[odd], lengths.front()));
  }
  const auto longest = std::max_element(lengths.begin(), lengths.end());
  throw DatasetError(fmt::format(
      "'{}' of sample {} of a batch has {} entries, more than max_length {}. Truncate it "
      "in the dataset, or raise max_length.",
      name, longest - lengths.begin(), *longest, options.max_length.value_or(0)));
}

}  // namespace

PaddingOptions checked(const PaddingOptions& options, const std::string& what) {
  std::vector<std::string> wrong = problems(options);
  if (!wrong.empty()) throw InvalidArgumentError(what + " cannot be made", std::move(wrong));
  return options;
}

std::vector<std::int64_t> row_lengths(const std::vector<Batch>& samples, const std::string& name,
                                      std::int64_t dimensions) {
  std::vector<std::int64_t> lengths;
  lengths.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const at::Tensor& row = value_of(samples, i, name);
    if (row.dim() != dimensions) {
      throw DatasetError(
          fmt::format("'{}' of sample {} of a batch has the shape {}, but needs {} dimension{}: "
                      "samples have no batch dimension. Reshape it in the dataset.",
                      name, i, shape_text(row), dimensions, dimensions == 1 ? "" : "s"));
    }
    lengths.push_back(row.size(0));
  }
  return lengths;
}

void require_one_a_token(const std::vector<Batch>& samples, const std::string& name,
                         std::int64_t dimensions) {
  const std::vector<std::int64_t> tokens = row_lengths(samples, "input_ids");
  const std::vector<std::int64_t> lengths = row_lengths(samples, name, dimensions);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (lengths[i] == tokens[i]) continue;
    throw DatasetError(fmt::format(
        "'{}' of sample {} of a batch has {} entries for {} input_ids. Give one for each "
        "token, or leave the name out.",
        name, i, lengths[i], tokens[i]));
  }
}

std::int64_t padded_length(const std::vector<std::int64_t>& lengths, const std::string& name,
                           const PaddingOptions& options) {
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  const bool to_max_length = options.padding == PaddingStrategy::max_length && options.max_length;
  if (options.padding != PaddingStrategy::do_not_pad) {
    const std::int64_t wanted =
        rounded_up(to_max_length ? *options.max_length : longest, options.pad_to_multiple_of);
    if (longest <= wanted) return wanted;
  }
  const auto odd = std::find_if(lengths.begin(), lengths.end(),
                                [&](std::int64_t length) { return length != lengths.front(); });
  if (odd == lengths.end()) return longest;
  refuse_lengths(lengths, static_cast<std::size_t>(odd - lengths.begin()), name, options);
}

at::Tensor padded_column(const std::vector<Batch>& samples, const std::string& name,
                         const RowPadding& padding) {
  const at::Tensor& first = value_of(samples, 0, name);
  std::vector<std::int64_t> shape = first.sizes().vec();
  shape.front() = padding.length;
  shape.insert(shape.begin(), static_cast<std::int64_t>(samples.size()));
  const at::Tensor column = torch::full(shape, padding.fill, first.options().dtype(torch::kInt64));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const at::Tensor& row = value_of(samples, i, name);
    if (row.size(0) > padding.length || row.sizes().slice(1) != first.sizes().slice(1)) {
      throw DatasetError(
          fmt::format("'{}' of sample {} of a batch has the shape {} and does not fit into {} "
                      "padded tokens. Make it as long as the sample's input_ids.",
                      name, i, shape_text(row), padding.length));
    }
    const std::int64_t begin =
        padding.side == PaddingSide::right ? 0 : padding.length - row.size(0);
    column[static_cast<std::int64_t>(i)].narrow(0, begin, row.size(0)).copy_(row);
  }
  return column;
}

}  // namespace torchhub
