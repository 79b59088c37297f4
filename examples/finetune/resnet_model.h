#pragma once
// A model of one's own: a config with its fields and checks, a model around timm's ResNet, and two
// lines that make both known to the Auto classes.

#include <torchhub/models.h>

#include <torch/torch.h>

struct ResnetConfig : torchhub::PretrainedConfig {
  std::string block_type = "bottleneck";
  std::vector<std::int64_t> layers = {3, 4, 6, 3};
  std::int64_t num_classes = 1000;
  std::int64_t input_channels = 3;
  std::int64_t cardinality = 1;
  std::int64_t base_width = 64;
  std::int64_t stem_width = 64;
  std::string stem_type = "";
  bool avg_down = false;

  void fields(torchhub::FieldVisitor& visit) override {
    visit("block_type", block_type);
    visit("layers", layers);
    visit("num_classes", num_classes);
    visit("input_channels", input_channels);
    visit("cardinality", cardinality);
    visit("base_width", base_width);
    visit("stem_width", stem_width);
    visit("stem_type", stem_type);
    visit("avg_down", avg_down);
  }

  std::vector<std::string> problems() const override {
    std::vector<std::string> found;
    if (block_type != "basic" && block_type != "bottleneck")
      found.push_back("`block_type` must be 'basic' or 'bottleneck', got " + block_type + ".");
    if (stem_type != "" && stem_type != "deep" && stem_type != "deep-tiered")
      found.push_back("`stem_type` must be '', 'deep' or 'deep-tiered', got " + stem_type + ".");
    return found;
  }
};

class ResnetModelForImageClassification : public torchhub::PreTrainedModel {
 public:
  explicit ResnetModelForImageClassification(const ResnetConfig& config)
      : PreTrainedModel(config),
        model_(register_module("model",
                               std::make_shared<torchhub::TimmResnet>(torchhub::TimmResnetOptions{
                                   .block = torchhub::resnet_block(config.block_type),
                                   .layers = config.layers,
                                   .num_classes = config.num_classes,
                                   .in_chans = config.input_channels,
                                   .cardinality = config.cardinality,
                                   .base_width = config.base_width,
                                   .stem_width = config.stem_width,
                                   .stem_type = torchhub::resnet_stem(config.stem_type),
                                   .avg_down = config.avg_down}))) {}

  torchhub::ModelOutput forward(const torchhub::Batch& batch) override {
    torchhub::ModelOutput output{.logits = model_->forward(batch.at("pixel_values"))};
    if (const auto labels = batch.find("labels"); labels != batch.end())
      output.loss = torch::nn::functional::cross_entropy(output.logits, labels->second);
    return output;
  }

 private:
  std::shared_ptr<torchhub::TimmResnet> model_;
};

TORCHHUB_REGISTER_CONFIG("custom-resnet", ResnetConfig);
TORCHHUB_REGISTER_MODEL(torchhub::AutoModelForImageClassification, ResnetConfig,
                        ResnetModelForImageClassification);
