#include <torchhub/torchhub.h>

#include <torch/torch.h>

#include <cstdio>
#include <filesystem>

using namespace torchhub;

struct NetConfig : PretrainedConfig {
  std::int64_t hidden = 4;
  void fields(FieldVisitor& visit) override { visit("hidden", hidden); }
};

class Net : public PreTrainedModel {
 public:
  explicit Net(const NetConfig& config)
      : PreTrainedModel(config),
        first_(register_module("first", torch::nn::Linear(3, config.hidden))),
        second_(register_module("second", torch::nn::Linear(config.hidden, 2))) {}

  ModelOutput forward(const Batch& batch) override {
    ModelOutput output{.logits = second_(torch::relu(first_(batch.at("pixel_values"))))};
    output.loss = torch::nn::functional::cross_entropy(output.logits, batch.at("labels"));
    return output;
  }

 private:
  torch::nn::Linear first_, second_;
};
TORCHHUB_REGISTER_CONFIG("consumer-net", NetConfig);
TORCHHUB_REGISTER_MODEL(AutoModelForImageClassification, NetConfig, Net);

/// Trains for two updates, and loads what was saved by its registered name.
int main() {
  const auto samples = std::make_shared<TensorDataset>(
      Batch{{"pixel_values", torch::randn({8, 3})}, {"labels", torch::ones({8}, torch::kLong)}});
  Trainer trainer({.model = AutoModelForImageClassification::from_config(NetConfig()),
                   .args = {.output_dir = "consumer-net", .max_steps = 2, .save_steps = 2},
                   .train_dataset = samples});
  const TrainOutput out = trainer.train();
  const auto loaded = AutoModelForImageClassification::from_pretrained("consumer-net/checkpoint-2");
  const bool same =
      torch::equal(loaded->parameters().front(), trainer.model().parameters().front());
  std::printf("%s", out.full_report().c_str());
  std::filesystem::remove_all("consumer-net");
  return same && out.global_step == 2 ? 0 : 1;
}
