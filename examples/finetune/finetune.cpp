// Trains a small ResNet on Fashion-MNIST, pushing each save to the Hub; resumes from a pinned
// revision of it; evaluates a pushed model. README.md beside this file shows how to run it.

#include "resnet_model.h"
#include <torchhub/torchhub.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace torchhub;

namespace {

struct Options {
  std::string output_dir = "resnet-fashion-mnist";
  std::string hub_model_id = "resnet-fashion-mnist";
  std::optional<std::string> resume_from = std::nullopt;
  std::int64_t max_steps = 900;
  double save_steps = 300;
  bool push = true;
  std::string model = {};
  std::string revision = "main";
};

/// About 0.3 M parameters: the documents' stem, and one basic block in each of two stages.
std::shared_ptr<PreTrainedModel> fresh_model() {
  torch::manual_seed(42);
  ResnetConfig config;
  config.block_type = "basic";
  config.layers = {1, 1};
  config.num_classes = 10;
  config.input_channels = 1;
  return AutoModelForImageClassification::from_config(config);
}

int train(const Options& options) {
  const CardDataset dataset{
      .name = "Fashion-MNIST", .id = "zalando-datasets/fashion_mnist", .split = "test"};
  Trainer trainer(
      {.model = fresh_model(),
       .args = {.output_dir = options.output_dir,
                .per_device_train_batch_size = 64,
                .max_steps = options.max_steps,
                .learning_rate = 8e-3,
                .warmup_steps = 0.15,
                .weight_decay = 0.01,
                .logging_steps = 50,
                .eval_strategy = IntervalStrategy::steps,
                .eval_steps = options.save_steps,
                .per_device_eval_batch_size = 256,
                .save_steps = options.save_steps,
                .save_total_limit = 2,
                .push_to_hub = options.push,
                .hub_model_id = options.hub_model_id,
                .hub_strategy = HubStrategy::checkpoint},
       .train_dataset = fashion_mnist("train"),
       .eval_dataset = fashion_mnist("test"),
       .compute_metrics = metrics::accuracy,
       .callbacks = {std::make_shared<JsonlLogCallback>(options.output_dir + "/log.jsonl"),
                     std::make_shared<TrainingPlotCallback>()},
       .card = {.model_name = {}, .license = "apache-2.0", .datasets = {dataset}}});
  const TrainOutput out = trainer.train({.resume_from_checkpoint = options.resume_from});
  fmt::print("{}", out.full_report());
  if (!options.push) return 0;
  const CommitInfo commit = trainer.push_to_hub();
  fmt::print("final commit: {}\ncommit hash: {}\n", commit.commit_url, commit.oid);
  return 0;
}

/// The accuracy that the card in the repository states.
double stated_accuracy(const Options& options) {
  const HubClient client(HubOptions::from_environment());
  const ModelCard card = ModelCard::load(client.hub_download(
      {.id = RepoId::parse(options.model)}, "README.md", {.revision = options.revision}));
  for (const EvalResult& result : from_model_index(card.metadata().at("model-index")).results)
    if (result.metric_type == "accuracy") return result.metric_value.get<double>();
  throw ModelCardError("The card of '" + options.model + "' states no accuracy.");
}

int evaluate(const Options& options) {
  Trainer trainer({.model = AutoModelForImageClassification::from_pretrained(
                       options.model, {.revision = options.revision}),
                   .args = {.output_dir = options.output_dir,
                            .disable_tqdm = true,
                            .per_device_eval_batch_size = 256},
                   .eval_dataset = fashion_mnist("test"),
                   .compute_metrics = metrics::accuracy});
  const double accuracy = trainer.evaluate().at("eval_accuracy");
  const double stated = stated_accuracy(options);
  fmt::print("accuracy on 10,000 test images: {:.4f}\naccuracy on the card: {:.4f}\n", accuracy,
             stated);
  return std::abs(accuracy - stated) < 5e-5 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Fine-tunes a ResNet on Fashion-MNIST with every save pushed to the Hub.");
  app.require_subcommand(1);
  CLI::App* training = app.add_subcommand("train", "Train, and push each save");
  training->add_option("--output-dir", options.output_dir, "Receives checkpoints and the model");
  training->add_option("--hub-model-id", options.hub_model_id, "Repository to push to");
  training->add_option("--resume-from", options.resume_from, "Folder, last, owner/name@revision");
  training->add_option("--max-steps", options.max_steps, "Updates of 64 images");
  training->add_option("--save-steps", options.save_steps, "Updates between saves");
  training->add_flag("!--no-push", options.push, "Keep everything on this machine");

  CLI::App* evaluation = app.add_subcommand("evaluate", "Compare a pushed model with its card");
  evaluation->add_option("model", options.model, "owner/name")->required();
  evaluation->add_option("--revision", options.revision, "Branch, tag or commit");
  evaluation->add_option("--output-dir", options.output_dir, "Scratch folder");
  CLI11_PARSE(app, argc, argv);

  log::set_level(log::Level::info);
  try {
    return training->parsed() ? train(options) : evaluate(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
