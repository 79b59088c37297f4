#include "torchhub/data/collator.h"

#include "data/label_column.h"
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

}  // namespace

Batch with_label_column(Batch batch) {
  for (const char* spelling : {"label", "label_ids"}) {
    auto node = batch.extract(spelling);
    if (node) batch.insert_or_assign("labels", std::move(node.mapped()));
  }
  if (const auto found = batch.find("labels"); found != batch.end()) {
    torch::Tensor& labels = found->second;
    labels = labels.to(labels.is_floating_point() ? torch::kFloat32 : torch::kInt64);
  }
  return batch;
}

Batch default_data_collator(const std::vector<Batch>& samples, std::uint64_t /*seed*/) {
  Batch batch;
  if (samples.empty()) return batch;
  for (const auto& [name, first] : samples.front()) batch.emplace(name, stacked(samples, name));
  return with_label_column(std::move(batch));
}

}  // namespace torchhub
