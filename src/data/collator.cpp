#include "torchhub/data/collator.h"

#include "torchhub/data/dataset.h"

#include <torch/torch.h>

#include <fmt/format.h>

namespace torchhub {
namespace {

torch::Tensor stacked(const std::vector<Batch>& samples, const std::string& name) {
  std::vector<torch::Tensor> rows;
  rows.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto found = samples[i].find(name);
    if (found == samples[i].end()) {
      throw DatasetError(fmt::format(
          "Sample {} of a batch has no '{}', which the first one has. Give every sample the same "
          "names.",
          i, name));
    }
    if (!rows.empty() && found->second.sizes() != rows.front().sizes()) {
      throw DatasetError(
          fmt::format("'{}' of sample {} of a batch has another shape than that of the first. Pad "
                      "them in the dataset or use a collator that does.",
                      name, i));
    }
    rows.push_back(found->second);
  }
  return torch::stack(rows);
}

/// The name a column has in the batch: the two spellings of a label become one.
std::string batch_name(const std::string& name) {
  return name == "label" || name == "label_ids" ? "labels" : name;
}

}  // namespace

Batch default_data_collator(const std::vector<Batch>& samples, std::uint64_t /*seed*/) {
  Batch batch;
  if (samples.empty()) return batch;
  for (const auto& [name, first] : samples.front()) {
    torch::Tensor column = stacked(samples, name);
    if (batch_name(name) == "labels") {
      column =
          column.to(at::isFloatingType(column.scalar_type()) ? torch::kFloat32 : torch::kInt64);
    }
    batch.insert_or_assign(batch_name(name), std::move(column));
  }
  return batch;
}

}  // namespace torchhub
