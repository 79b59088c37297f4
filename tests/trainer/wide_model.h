#pragma once

#include "support/tiny_model.h"

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>

namespace torchhub::testing {

/// A model of 4 MB, so that a save has many pieces; with a buffer that each forward pass changes
/// and weights under two names.
class WideModelForImageClassification final : public PreTrainedModel {
 public:
  explicit WideModelForImageClassification(const TinyConfig& config)
      : PreTrainedModel(config),
        in_(register_module("in", torch::nn::Linear(config.features, kWidth))),
        norm_(register_module("norm", torch::nn::BatchNorm1d(kWidth))),
        wide_(register_module("wide", torch::nn::Linear(kWidth, kWidth))),
        again_(register_parameter("again", wide_->weight)),
        out_(register_module("out", torch::nn::Linear(kWidth, config.classes))) {}
  std::string class_name() const override { return "WideModelForImageClassification"; }

  ModelOutput forward(const Batch& batch) override {
    torch::Tensor x = torch::relu(norm_->forward(in_->forward(batch.at("pixel_values"))));
    x = torch::relu(torch::nn::functional::linear(torch::relu(wide_->forward(x)), again_));
    ModelOutput output{.logits = out_->forward(torch::dropout(x, 0.1, is_training()))};
    output.loss = torch::nn::functional::cross_entropy(output.logits, batch.at("labels"));
    return output;
  }

  /// Bytes that an update changes, each once. With Adam three times as many.
  static std::size_t parameter_bytes() {
    const TinyConfig c;
    const auto numbers =
        (c.features + 3) * kWidth + kWidth * (kWidth + 1) + (kWidth + 1) * c.classes;
    return static_cast<std::size_t>(numbers) * sizeof(float);
  }
  static std::size_t largest_tensor_bytes() { return sizeof(float) * kWidth * kWidth; }

 private:
  static constexpr std::int64_t kWidth = 1000;

  torch::nn::Linear in_;
  torch::nn::BatchNorm1d norm_;
  torch::nn::Linear wide_;
  torch::Tensor again_;
  torch::nn::Linear out_;
};

/// With the same weights each time.
inline std::shared_ptr<PreTrainedModel> wide_model() {
  torch::manual_seed(7);
  return std::make_shared<WideModelForImageClassification>(TinyConfig());
}

}  // namespace torchhub::testing
