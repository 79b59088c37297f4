#pragma once

#include "torchhub/data.h"
#include "torchhub/models.h"

#include <torch/torch.h>

#include <memory>

namespace torchhub::testing {

/// A classifier that trains in milliseconds and has everything that makes a resume hard: dropout
/// (the global generator), batch norm (buffers), a bias and a norm (no weight decay).
struct TinyConfig : PretrainedConfig {
  std::int64_t features = 6;
  std::int64_t classes = 3;
  double dropout = 0.25;

  void fields(FieldVisitor& visit) override {
    visit("features", features);
    visit("classes", classes);
    visit("dropout", dropout);
  }
};

class TinyModelForImageClassification : public PreTrainedModel {
 public:
  explicit TinyModelForImageClassification(const TinyConfig& config)
      : PreTrainedModel(config),
        first_(register_module("first", torch::nn::Linear(config.features, 8))),
        norm_(register_module("norm", torch::nn::BatchNorm1d(8))),
        second_(register_module("second", torch::nn::Linear(8, config.classes))),
        dropout_(config.dropout) {}

  std::string class_name() const override { return "TinyModelForImageClassification"; }

  ModelOutput forward(const Batch& batch) override {
    torch::Tensor x = torch::relu(norm_->forward(first_->forward(batch.at("pixel_values"))));
    x = torch::dropout(x, dropout_, is_training());
    ModelOutput output{.logits = second_->forward(x)};
    if (const auto labels = batch.find("labels"); labels != batch.end()) {
      output.loss = torch::nn::functional::cross_entropy(output.logits, labels->second);
    }
    return output;
  }

 private:
  torch::nn::Linear first_;
  torch::nn::BatchNorm1d norm_;
  torch::nn::Linear second_;
  double dropout_;
};

inline std::shared_ptr<TinyModelForImageClassification> tiny_model(double dropout = 0.25) {
  torch::manual_seed(11);
  TinyConfig config;
  config.dropout = dropout;
  config.model_type = "tiny";
  return std::make_shared<TinyModelForImageClassification>(config);
}

/// Samples that can be learned: the class is where the largest of the first features lies.
inline std::shared_ptr<TensorDataset> tiny_dataset(std::int64_t size, std::uint64_t seed = 3) {
  const auto generator = at::detail::createCPUGenerator(seed);
  const torch::Tensor x = torch::randn({size, 6}, generator, torch::kFloat32);
  return std::make_shared<TensorDataset>(
      Batch{{"pixel_values", x}, {"labels", x.narrow(1, 0, 3).argmax(1)}});
}

/// Every parameter and buffer of both models, bit for bit.
inline bool same_state(const PreTrainedModel& a, const PreTrainedModel& b) {
  const StateDict left = a.named_state();
  const StateDict right = b.named_state();
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].first != right[i].first ||
        !torch::equal(left[i].second.cpu(), right[i].second.cpu())) {
      return false;
    }
  }
  return true;
}

}  // namespace torchhub::testing
