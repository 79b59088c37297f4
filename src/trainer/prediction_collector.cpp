#include "trainer/prediction_collector.h"

#include <torch/torch.h>

#include <algorithm>

namespace torchhub {
namespace {

/// `batch` with its second dimension filled up to `length`.
torch::Tensor padded(const torch::Tensor& batch, std::int64_t length) {
  if (batch.dim() < 2 || batch.size(1) == length) return batch;
  auto shape = batch.sizes().vec();
  shape[1] = length;
  torch::Tensor wide = torch::full(shape, metrics::kIgnoreIndex, batch.options());
  wide.narrow(1, 0, batch.size(1)).copy_(batch);
  return wide;
}

}  // namespace

at::Tensor joined(const std::vector<at::Tensor>& parts) {
  if (parts.empty()) return {};
  std::int64_t longest = 0;
  for (const torch::Tensor& part : parts) {
    if (part.dim() >= 2) longest = std::max(longest, part.size(1));
  }
  std::vector<torch::Tensor> same_shape;
  for (const torch::Tensor& part : parts) same_shape.push_back(padded(part, longest));
  return torch::cat(same_shape);
}

void TensorCollector::move_to_host() {
  for (torch::Tensor& part : parts_) part = part.cpu();
}

at::Tensor TensorCollector::joined() const {
  std::vector<torch::Tensor> on_host;
  for (const torch::Tensor& part : parts_) on_host.push_back(part.cpu());
  return torchhub::joined(on_host);
}

void PredictionCollector::add(const EvalPrediction& batch) {
  if (kept_.predictions && batch.predictions.defined()) predictions_.add(batch.predictions);
  if (kept_.predictions && batch.label_ids.defined()) labels_.add(batch.label_ids);
  if (kept_.losses && batch.losses.defined()) losses_.add(batch.losses);
  if (kept_.inputs) {
    for (const auto& [name, tensor] : batch.inputs) inputs_[name].add(tensor);
  }
  if (kept_.host_every && ++count_ % *kept_.host_every == 0) move_to_host();
}

void PredictionCollector::move_to_host() {
  predictions_.move_to_host();
  labels_.move_to_host();
  losses_.move_to_host();
  for (auto& [name, collector] : inputs_) collector.move_to_host();
}

EvalPrediction PredictionCollector::whole() const {
  EvalPrediction all{.predictions = predictions_.joined(), .label_ids = labels_.joined()};
  all.losses = losses_.joined();
  for (const auto& [name, collector] : inputs_) all.inputs[name] = collector.joined();
  return all;
}

std::vector<EvalPrediction> PredictionCollector::batches() const {
  std::vector<EvalPrediction> all(predictions_.parts().size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].predictions = predictions_.parts()[i].cpu();
    if (i < labels_.parts().size()) all[i].label_ids = labels_.parts()[i].cpu();
    if (i < losses_.parts().size()) all[i].losses = losses_.parts()[i].cpu();
    for (const auto& [name, collector] : inputs_) {
      all[i].inputs[name] = collector.parts()[i].cpu();
    }
  }
  return all;
}

}  // namespace torchhub
