// usage: peers_chain ARGS.json DATA.safetensors START_FOLDER OUTPUT_DIR MAX_STEPS [CHECKPOINT]
// Trains the model of test_chain.py with the same arguments, data and first weights, from the start
// or from a checkpoint, to MAX_STEPS of the schedule's updates; then it stops.
#include "torchhub/torchhub.h"
#include "torchhub/weights/load.h"

#include <torch/torch.h>

#include <cstdio>
#include <cstdlib>

using namespace torchhub;

namespace {

struct ChainConfig : PretrainedConfig {
  ChainConfig() { model_type = "chain"; }
};

class Chain : public PreTrainedModel {
 public:
  explicit Chain(const ChainConfig& config)
      : PreTrainedModel(config),
        first_(register_module("first", torch::nn::Linear(3, 8))),
        norm_(register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({8})))),
        last_(register_module("last", torch::nn::Linear(8, 2))) {}

  ModelOutput forward(const Batch& batch) override {
    torch::Tensor x = norm_->forward(first_->forward(batch.at("x")));
    x = torch::dropout(x, 0.25, is_training());
    ModelOutput output{.logits = last_->forward(x)};
    output.loss = torch::nn::functional::cross_entropy(output.logits, batch.at("labels"));
    return output;
  }

 private:
  torch::nn::Linear first_;
  torch::nn::LayerNorm norm_;
  torch::nn::Linear last_;
};

class StopAt final : public TrainerCallback {
 public:
  explicit StopAt(std::int64_t step) : step_(step) {}
  std::string name() const override { return "StopAt"; }
  void on_step_end(const TrainerEvent& event) override {
    if (event.state.global_step < step_) return;
    event.control.should_training_stop = true;
    event.control.should_save = true;
  }

 private:
  std::int64_t step_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  try {
    TrainingArguments args = training_arguments_from_json_file(argv[1]);
    args.output_dir = argv[4];
    const auto model = std::make_shared<Chain>(ChainConfig());
    model->load_state(argv[3]);
    Batch columns;
    for (auto& [name, tensor] : load_safetensors(argv[2])) columns.emplace(name, tensor.clone());
    Trainer trainer({.model = model,
                     .args = args,
                     .train_dataset = std::make_shared<TensorDataset>(std::move(columns)),
                     .callbacks = {std::make_shared<StopAt>(std::atoll(argv[5]))}});
    TrainOptions options;
    if (argc > 6) options.resume_from_checkpoint = argv[6];
    trainer.train(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
