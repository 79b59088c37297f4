#include "data/columns.h"

#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace torchhub {

std::string names_text(const Batch& batch) {
  std::vector<std::string> names;
  for (const auto& [name, value] : batch) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void require_samples(const std::vector<Batch>& samples) {
  if (!samples.empty()) return;
  throw DatasetError("A batch without samples cannot be put together. Give at least one.");
}

bool has_value(const Batch& sample, const std::string& name) {
  const auto found = sample.find(name);
  return found != sample.end() && found->second.defined();
}

const at::Tensor& value_of(const std::vector<Batch>& samples, std::size_t index,
                           const std::string& name) {
  if (has_value(samples[index], name)) return samples[index].at(name);
  if (index > 0 && has_value(samples.front(), name)) {
    throw DatasetError(fmt::format(
        "Sample {} of a batch has no '{}', which the first one has. Give every sample the same "
        "names.",
        index, name));
  }
  throw DatasetError(
      fmt::format("Sample {} of a batch has no '{}', which the collator needs; it has: {}. Add it "
                  "in the dataset or use another collator.",
                  index, name, names_text(samples[index])));
}

at::Tensor stacked(const std::vector<Batch>& samples, const std::string& name) {
  std::vector<at::Tensor> rows;
  rows.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const at::Tensor& value = value_of(samples, i, name);
    if (!rows.empty() && value.sizes() != rows.front().sizes()) {
      throw DatasetError(fmt::format(
          "'{}' of sample {} of a batch has the shape {}, that of the first one {}. Pad "
          "them in the dataset, leave the name out, or use a collator that pads it.",
          name, i, shape_text(value), shape_text(rows.front())));
    }
    rows.push_back(value);
  }
  return torch::stack(rows);
}

at::Tensor as_python_numbers(const at::Tensor& column) {
  if (column.is_floating_point()) return column.to(torch::kFloat32);
  return column.scalar_type() == torch::kBool || column.is_complex() ? column
                                                                     : column.to(torch::kInt64);
}

std::string label_name(const std::vector<Batch>& samples) {
  return has_value(samples.front(), "label") ? "label" : "labels";
}

std::vector<Batch> without(const std::vector<Batch>& samples,
                           std::initializer_list<std::string_view> names) {
  std::vector<Batch> rest = samples;
  for (Batch& sample : rest) {
    for (const std::string_view name : names) sample.erase(std::string(name));
  }
  return rest;
}

std::string shape_text(const at::Tensor& value) {
  return fmt::format("[{}]", fmt::join(value.sizes(), ", "));
}

}  // namespace torchhub
