#include "torchhub/data/collator.h"

#include "data/columns.h"
#include "data/label_column.h"
#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

bool is_label(const std::string& name) {
  return name == "label" || name == "label_ids" || name == "labels";
}

at::Tensor as_labels(const at::Tensor& column, const at::Tensor& first) {
  return column.to(first.is_floating_point() ? torch::kFloat32 : torch::kInt64);
}

/// A real label would lose its fraction, unnoticed.
void require_one_kind(const std::vector<Batch>& samples, const std::string& name) {
  if (samples.front().at(name).is_floating_point()) return;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (!value_of(samples, i, name).is_floating_point()) continue;
    throw DatasetError(fmt::format(
        "'{}' of sample {} of a batch is a real number, that of the first one a whole number. Give "
        "all samples the same type of label.",
        name, i));
  }
}

}  // namespace

Batch with_label_column(Batch batch) {
  for (const char* spelling : {"label", "label_ids"}) {
    auto node = batch.extract(spelling);
    if (node) batch.try_emplace("labels", std::move(node.mapped()));
  }
  if (const auto found = batch.find("labels"); found != batch.end()) {
    found->second = as_labels(found->second, found->second);
  }
  return batch;
}

Batch default_data_collator(const std::vector<Batch>& samples, std::uint64_t /*seed*/) {
  require_samples(samples);
  Batch batch;
  for (const auto& [name, first] : samples.front()) {
    if (!first.defined()) continue;
    if (is_label(name)) require_one_kind(samples, name);
    at::Tensor column = stacked(samples, name);
    batch.emplace(name, is_label(name) ? as_labels(column, first) : std::move(column));
  }
  return with_label_column(std::move(batch));
}

}  // namespace torchhub
