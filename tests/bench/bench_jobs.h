#pragma once

#include "../../examples/finetune/resnet_model.h"
#include "encoder_model.h"
#include <torchhub/torchhub.h>

#include <torch/torch.h>

#include <memory>
#include <stdexcept>
#include <string>

/// A model, its data and its batch size: what both languages train.
struct BenchJob {
  std::shared_ptr<torchhub::PreTrainedModel> model;
  std::shared_ptr<torchhub::TensorDataset> data;
  std::int64_t batch_size = 8;
};

inline std::shared_ptr<torchhub::TensorDataset> random_tokens(std::int64_t samples,
                                                              std::int64_t length) {
  return std::make_shared<torchhub::TensorDataset>(
      torchhub::Batch{{"input_ids", torch::randint(30522, {samples, length}, torch::kInt64)},
                      {"labels", torch::randint(2, {samples}, torch::kInt64)}});
}

inline std::shared_ptr<torchhub::TensorDataset> random_images(std::int64_t samples) {
  return std::make_shared<torchhub::TensorDataset>(
      torchhub::Batch{{"pixel_values", torch::randn({samples, 1, 28, 28})},
                      {"labels", torch::randint(10, {samples}, torch::kInt64)}});
}

struct NothingConfig : torchhub::PretrainedConfig {
  void fields(torchhub::FieldVisitor&) override {}
};

/// A model whose step takes next to nothing: what is left is the loop.
class Nothing final : public torchhub::PreTrainedModel {
 public:
  explicit Nothing(const NothingConfig& config)
      : PreTrainedModel(config), linear_(register_module("linear", torch::nn::Linear(4, 2))) {}
  torchhub::ModelOutput forward(const torchhub::Batch& batch) override {
    torchhub::ModelOutput output{.logits = linear_->forward(batch.at("x"))};
    output.loss = torch::nn::functional::cross_entropy(output.logits, batch.at("labels"));
    return output;
  }

 private:
  torch::nn::Linear linear_;
};

inline BenchJob nothing_job(std::int64_t samples, std::int64_t batch_size) {
  NothingConfig config;
  config.model_type = "nothing";
  return {std::make_shared<Nothing>(config),
          std::make_shared<torchhub::TensorDataset>(
              torchhub::Batch{{"x", torch::randn({samples, 4})},
                              {"labels", torch::randint(2, {samples}, torch::kInt64)}}),
          batch_size};
}

/// @param name nothing, resnet (the example's), encoder-small (2 x 128, 8 x 128 tokens),
/// encoder-large (12 x 768, 4 x 64 tokens)
inline BenchJob bench_job(const std::string& name, std::int64_t updates) {
  torch::manual_seed(42);
  if (name == "nothing") return nothing_job(8 * updates, 8);
  if (name == "resnet") {
    ResnetConfig config;
    config.model_type = "custom-resnet";
    config.block_type = "basic";
    config.layers = {1, 1};
    config.num_classes = 10;
    config.input_channels = 1;
    return {std::make_shared<ResnetModelForImageClassification>(config),
            random_images(64 * updates), 64};
  }
  EncoderConfig config;
  config.model_type = "encoder";
  if (name == "encoder-small") {
    return {std::make_shared<EncoderForSequenceClassification>(config),
            random_tokens(8 * updates, 128), 8};
  }
  if (name == "encoder-large") {
    config.hidden_size = 768;
    config.num_layers = 12;
    config.num_heads = 12;
    return {std::make_shared<EncoderForSequenceClassification>(config),
            random_tokens(4 * updates, 64), 4};
  }
  throw std::invalid_argument("no bench job '" + name + "'");
}
