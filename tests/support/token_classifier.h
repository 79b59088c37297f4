#pragma once

#include "support/tiny_model.h"

#include <torch/torch.h>

namespace torchhub::testing {

/// What a model that declares num_items_in_batch gives as its loss: the mean over the labels that
/// count, or where the batch says how many an update has, the sum divided by that.
/// @param logits [batch, length, classes]
inline at::Tensor token_loss(const at::Tensor& logits, const Batch& batch) {
  namespace F = torch::nn::functional;
  const auto items = batch.find("num_items_in_batch");
  F::CrossEntropyFuncOptions options;
  options.ignore_index(-100);
  if (items != batch.end()) options.reduction(torch::kSum);
  at::Tensor loss = F::cross_entropy(logits.flatten(0, 1), batch.at("labels").flatten(), options);
  return items == batch.end() ? loss : loss / items->second;
}

/// Predicts one of three classes for each of the five tokens that there are.
class TokenClassifier : public PreTrainedModel {
 public:
  explicit TokenClassifier(const TinyConfig& config)
      : PreTrainedModel(config),
        embedding_(register_module("embedding", torch::nn::Embedding(5, 4))),
        linear_(register_module("linear", torch::nn::Linear(4, 3))) {}

  ModelOutput forward(const Batch& batch) override {
    ModelOutput output{.logits = linear_->forward(embedded(batch.at("input_ids")))};
    if (batch.contains("labels")) output.loss = token_loss(output.logits, batch);
    return output;
  }

 protected:
  virtual torch::Tensor embedded(const torch::Tensor& ids) { return embedding_->forward(ids); }

 private:
  torch::nn::Embedding embedding_;
  torch::nn::Linear linear_;
};

}  // namespace torchhub::testing
