// usage: peers_chain FOLDER NAME UNTIL [CHECKPOINT]
// What chain.py does, with torchhub: trains the same model with the arguments, data and first
// weights in FOLDER, from the start or from a checkpoint, to update UNTIL of the schedule; there it
// stops.
#include "torchhub/torchhub.h"
#include "torchhub/weights/load.h"

#include <torch/torch.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

using namespace torchhub;

namespace {

constexpr std::int64_t kEvaluated = 10;

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

TrainerOptions read(const std::filesystem::path& folder, std::string_view name,
                    std::int64_t until) {
  TrainerOptions options{.args = training_arguments_from_json_file(folder / "args.json")};
  options.args.output_dir = folder / name;
  options.model = std::make_shared<Chain>(ChainConfig());
  options.model->load_state(folder / "start");
  Batch columns, evaluated;
  for (auto& [column, tensor] : load_safetensors(folder / "data.safetensors")) {
    columns.emplace(column, tensor.clone());
    evaluated.emplace(column, tensor.slice(0, 0, kEvaluated).clone());
  }
  options.train_dataset = std::make_shared<TensorDataset>(std::move(columns));
  options.eval_dataset = std::make_shared<TensorDataset>(std::move(evaluated));
  options.callbacks = {std::make_shared<StopAt>(until)};
  if (options.args.load_best_model_at_end) {
    options.callbacks.push_back(std::make_shared<EarlyStoppingCallback>(
        EarlyStoppingOptions{.early_stopping_patience = 3, .early_stopping_threshold = 0.078}));
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  try {
    Trainer trainer(read(argv[1], argv[2], std::atoll(argv[3])));
    TrainOptions options;
    if (argc > 4) options.resume_from_checkpoint = argv[4];
    trainer.train(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
