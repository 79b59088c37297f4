// usage: training_rank SCENARIO [--field value ...]
// One process of a run, started by RankGroup: trains, evaluates, predicts, and prints as JSON what
// it saw. Ends with 7 for a DistributedError and 8 for another error, its text on standard error.
#include "support/stream_of.h"
#include "support/tiny_model.h"
#include "support/token_classifier.h"
#include "torchhub/torchhub.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace torchhub;
using nlohmann::json;

namespace {

/// Without batch norm, so that a sample's loss does not depend on who shares its batch.
class Mlp : public PreTrainedModel {
 public:
  explicit Mlp(const testing::TinyConfig& config)
      : PreTrainedModel(config),
        first_(register_module("first", torch::nn::Linear(6, 8))),
        second_(register_module("second", torch::nn::Linear(8, 3))) {}

  ModelOutput forward(const Batch& batch) override {
    ModelOutput output{.logits = second_(torch::tanh(first_->forward(batch.at("pixel_values"))))};
    output.loss = torch::nn::functional::cross_entropy(output.logits, batch.at("labels"));
    return output;
  }
  double floating_point_ops(const Batch& batch) const override {
    return 100.0 * static_cast<double>(batch.at("labels").size(0));
  }

 private:
  torch::nn::Linear first_, second_;
};

/// Has a layer that its loss does not need.
class Spare final : public Mlp {
 public:
  explicit Spare(const testing::TinyConfig& config) : Mlp(config) {
    register_module("spare", torch::nn::Linear(2, 2));
  }
};

/// A loss per token, divided by the labels of the whole update.
class Tokens : public testing::TokenClassifier {
 public:
  using TokenClassifier::TokenClassifier;
  bool accepts_num_items_in_batch() const override { return true; }
};

/// The same, but a mean over the labels of each batch alone.
using TokenMeans = testing::TokenClassifier;

/// A loss of the user's, divided by the labels of the whole update.
at::Tensor summed_loss(const ModelOutput& output, const at::Tensor& labels,
                       std::optional<std::int64_t> num_items_in_batch) {
  namespace F = torch::nn::functional;
  return F::cross_entropy(output.logits.flatten(0, 1), labels.flatten(),
                          F::CrossEntropyFuncOptions().ignore_index(-100).reduction(torch::kSum)) /
         num_items_in_batch.value();
}

/// Rows of six tokens, of which row i counts 1 + i % 5 labels.
std::shared_ptr<const Dataset> token_rows(std::int64_t size) {
  const auto generator = at::detail::createCPUGenerator(3);
  const torch::Tensor ids = torch::randint(5, {size, 6}, generator, torch::kInt64);
  torch::Tensor labels = ids.remainder(3);
  for (std::int64_t row = 0; row < size; ++row) labels[row].slice(0, 1 + row % 5).fill_(-100);
  return std::make_shared<TensorDataset>(Batch{{"input_ids", ids}, {"labels", labels}});
}

/// The same, each cut to the labels that count: at most five.
std::shared_ptr<const Dataset> ragged_rows(std::int64_t size) {
  return std::make_shared<TransformedDataset>(token_rows(size), [](Batch row, std::int64_t index) {
    for (auto& [name, column] : row) column = column.narrow(0, 0, 1 + index % 5);
    return row;
  });
}

/// 45 samples fill no whole number of batches of 8. Filled up, with the first ones again, they do.
std::shared_ptr<const Dataset> samples_of(const std::string& scenario) {
  if (scenario != "uneven" && scenario != "filled_up") return testing::tiny_dataset(48);
  const auto uneven = testing::tiny_dataset(45);
  if (scenario == "uneven") return uneven;
  return std::make_shared<ConcatDataset>(
      std::vector<std::shared_ptr<const Dataset>>{uneven, uneven->first(3)});
}

template <typename Model>
std::shared_ptr<PreTrainedModel> made() {
  torch::manual_seed(5);
  testing::TinyConfig config;
  config.model_type = "tiny";
  return std::make_shared<Model>(config);
}

/// What the last rank alone does at step 3.
class LastRankAt3 final : public TrainerCallback {
 public:
  explicit LastRankAt3(std::string_view what) : what_(what) {}
  std::string name() const override { return "LastRankAt3"; }
  void on_step_end(const TrainerEvent& event) override {
    const ProcessEnvironment here = ProcessEnvironment::from_environment();
    if (here.rank + 1 != here.world_size || event.state.global_step != 3) return;
    if (what_ == "killed") std::raise(SIGKILL);
    if (what_ == "terminated") std::raise(SIGTERM);
    if (what_ == "throws") throw DatasetError("sample 17 is broken");
    if (what_ == "stops") stop(event);
  }
  void on_log(const TrainerEvent& event, const LogRow&) override { at(event, "stops_in_on_log"); }
  void on_evaluate(const TrainerEvent& event, const Metrics&) override {
    at(event, "stops_in_on_evaluate");
  }
  void on_save(const TrainerEvent& event, const std::filesystem::path&) override {
    at(event, "stops_in_on_save");
  }

 private:
  void at(const TrainerEvent& event, std::string_view scenario) const {
    const ProcessEnvironment here = ProcessEnvironment::from_environment();
    if (here.rank + 1 != here.world_size || event.state.global_step != 3) return;
    if (what_ == scenario) stop(event);
  }
  static void stop(const TrainerEvent& event) {
    event.control.should_training_stop = true;
    event.control.should_save = true;
  }

  std::string what_;
};

/// Draws as many random numbers as its rank says, so that no two processes have the same dropout.
class DrawsByRank final : public TrainerCallback {
 public:
  std::string name() const override { return "DrawsByRank"; }
  void on_step_begin(const TrainerEvent&) override {
    torch::rand({1 + ProcessEnvironment::from_environment().rank});
  }
};

/// Evaluates in batches of a size that its arguments do not say.
class OwnBatches final : public Trainer {
 public:
  using Trainer::Trainer;

 protected:
  using Trainer::get_eval_dataloader;
  using Trainer::get_test_dataloader;
  DataLoader get_eval_dataloader(std::shared_ptr<const Dataset> dataset) override {
    return own(std::move(dataset));
  }
  DataLoader get_test_dataloader(std::shared_ptr<const Dataset> dataset) override {
    return own(std::move(dataset));
  }

 private:
  static DataLoader own(std::shared_ptr<const Dataset> dataset) {
    const ProcessEnvironment here = ProcessEnvironment::from_environment();
    auto sampler = std::make_shared<SequentialSampler>(dataset->size());
    return DataLoader(std::move(dataset), std::move(sampler), {},
                      {.batch_size = 1, .rank = here.rank, .world_size = here.world_size});
  }
};

TrainerOptions options_of(const std::string& scenario, TrainingArguments args) {
  TrainerOptions options{.args = std::move(args)};
  if (scenario.starts_with("token")) {
    const bool sums = scenario == "tokens" || scenario == "token_ragged";
    options.model = sums ? made<Tokens>() : made<TokenMeans>();
    if (scenario == "token_func") options.compute_loss_func = summed_loss;
    options.train_dataset = token_rows(48);
    options.eval_dataset = token_rows(21);
    if (scenario == "token_ragged") {
      options.eval_dataset = ragged_rows(21);
      options.data_collator = DataCollatorForTokenClassification(PaddingOptions{.pad_token_id = 0});
    }
    options.eval_loss_mean = EvalLossMean::labels;
  } else {
    options.model = scenario == "hard"    ? testing::tiny_model()
                    : scenario == "spare" ? made<Spare>()
                                          : made<Mlp>();
    options.train_dataset = samples_of(scenario);
    if (scenario.ends_with("stream")) {
      options.train_stream = std::make_shared<testing::StreamOf>(
          std::exchange(options.train_dataset, nullptr), scenario != "unsized_stream");
    }
    options.eval_dataset = testing::tiny_dataset(21, 9);
  }
  options.compute_metrics = [](const EvalPrediction& whole) {
    return Metrics{{"accuracy_of_all", metrics::accuracy(whole).at("accuracy")}};
  };
  if (scenario == "second_is_best") {
    options.compute_metrics = [evaluations = 0](const EvalPrediction&) mutable {
      return Metrics{{"score", ++evaluations == 2 ? 0.9 : 0.1}};
    };
  }
  options.streaming_metrics = {metrics::streaming_accuracy()};
  options.callbacks = {std::make_shared<LastRankAt3>(scenario)};
  if (scenario == "terminated") {
    options.callbacks.push_back(std::make_shared<JitCheckpointCallback>(
        JitCheckpointOptions{.grace_period = std::chrono::milliseconds(0)}));
  }
  if (scenario == "hard") options.callbacks.push_back(std::make_shared<DrawsByRank>());
  return options;
}

std::vector<double> numbers(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kDouble).flatten();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

json seen_by(Trainer& trainer, const std::shared_ptr<const Dataset>& eval_dataset) {
  json seen = {{"history", to_json(trainer.state().log_history)}};
  const PredictionOutput predicted = trainer.predict(eval_dataset);
  seen["predictions"] = numbers(predicted.predictions);
  seen["labels"] = numbers(predicted.label_ids);
  for (const auto& [name, value] : predicted.metrics) seen["metrics"][name] = value;
  for (const auto& [name, tensor] : trainer.model().named_state()) {
    seen["state"][name] = numbers(tensor);
  }
  seen["global_step"] = trainer.state().global_step;
  seen["best_model_checkpoint"] = trainer.state().best_model_checkpoint.value_or("");
  seen["total_flos"] = static_cast<double>(trainer.state().total_flos);
  seen["tokens"] = trainer.state().num_input_tokens_seen;
  seen["log_level"] = static_cast<int>(log::level());
  seen["is_world_process_zero"] = trainer.state().is_world_process_zero;
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string scenario = argv[1];
    TrainingArguments args = parse_arguments(argc - 1, argv + 1);
    const ProcessEnvironment here = ProcessEnvironment::from_environment();
    if (scenario == "hosts") args.output_dir /= std::to_string(here.rank);  // a disk for each
    TrainerOptions options = options_of(scenario, args);
    std::optional<Trainer> first;
    if (scenario == "two_trainers") {
      options.process_group = std::make_shared<ProcessGroup>(here);
      TrainerOptions another = options_of(scenario, args);
      another.args.output_dir /= "first";
      another.process_group = options.process_group;
      first.emplace(std::move(another)).train();
    }
    const auto eval_dataset = options.eval_dataset;
    const auto trainer = scenario == "own_batches"
                             ? std::make_unique<OwnBatches>(std::move(options))
                             : std::make_unique<Trainer>(std::move(options));
    trainer->train();
    const json seen = seen_by(*trainer, eval_dataset);
    trainer->save_model();
    fmt::print("{}\n", seen.dump());
    return 0;
  } catch (const DistributedError& error) {
    fmt::print(stderr, "DistributedError: {}\n", error.what());
    return 7;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 8;
  }
}
