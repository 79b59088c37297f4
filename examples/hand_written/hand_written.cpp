// The same training as examples/finetune, without the Trainer: its pieces in a loop of one's own.
// The checkpoints can be resumed by the Trainer and by this program.

#include "../finetune/resnet_model.h"
#include <torchhub/base/atomic_file.h>
#include <torchhub/torchhub.h>
#include <torchhub/training/callback_list.h>

#include <fmt/format.h>

using namespace torchhub;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kBatchSize = 64;
constexpr std::uint64_t kSeed = 42;

/// All that a run needs to go on where it was.
struct Run {
  std::shared_ptr<PreTrainedModel> model;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  std::unique_ptr<LrScheduler> scheduler;
  TrainerState state;
};

Run fresh_run(std::int64_t updates) {
  torch::manual_seed(kSeed);
  ResnetConfig config;
  config.block_type = "basic";
  config.layers = {1, 1};
  config.num_classes = 10;
  config.input_channels = 1;
  Run run;
  run.model = AutoModelForImageClassification::from_config(config);
  run.optimizer = make_optimizer(*run.model, {.learning_rate = 8e-3, .weight_decay = 0.01});
  run.scheduler = make_scheduler({.type = SchedulerType::cosine,
                                  .warmup_steps = updates / 10,
                                  .total_steps = updates,
                                  .base_rate = 8e-3});
  set_learning_rates(*run.optimizer, run.scheduler->rates());
  run.state.max_steps = updates;
  return run;
}

/// A folder as the Trainer writes it; it appears whole or not at all.
void save(Run& run, const fs::path& folder) {
  AtomicFolder building(folder);
  run.model->save_pretrained(building.path());
  save_optimizer(*run.optimizer, run.scheduler->base_rates(), building.path() / "optimizer.pt");
  save_scheduler(*run.scheduler, building.path() / "scheduler.pt");
  save_rng_state(building.path() / "rng_state.pth", seeded_python_rng(kSeed), std::nullopt);
  // Python looks for its loop's flags there.
  run.state.stateful_callbacks =
      CallbackList().states_to_save(TrainerControl(), run.state.stateful_callbacks);
  write_file_atomically(building.path() / "trainer_state.json", to_json_text(run.state));
  building.commit();
}

void resume(Run& run, const fs::path& folder) {
  run.model->load_state(folder);
  load_optimizer(*run.optimizer, *run.model, folder / "optimizer.pt");
  load_scheduler(*run.scheduler, folder / "scheduler.pt");
  set_learning_rates(*run.optimizer, run.scheduler->rates());
  load_rng_state(folder / "rng_state.pth", std::nullopt);
  const std::int64_t updates = run.state.max_steps;  // as many as this run was asked for
  run.state = trainer_state_from_json_text(read_file(folder / "trainer_state.json"));
  run.state.max_steps = updates;
}

double update(Run& run, const Batch& batch) {
  clear_gradients(*run.optimizer);
  const torch::Tensor loss = run.model->forward(batch).loss;
  loss.backward();
  clip_gradients(*run.optimizer, /*max_norm=*/1.0);
  run.optimizer->step();
  run.scheduler->step();
  set_learning_rates(*run.optimizer, run.scheduler->rates());
  return loss.item<double>();
}

void train(Run& run, const fs::path& output_dir, std::int64_t save_steps, PushToHubCallback* hub) {
  const auto data = fashion_mnist("train");
  const DataLoader loader(data, std::make_shared<RandomSampler>(data->size(), kSeed), {},
                          {.batch_size = kBatchSize});
  run.model->train();
  while (run.state.global_step < run.state.max_steps) {
    const std::int64_t epoch = run.state.global_step / loader.size();
    const auto batches = loader.epoch(epoch, run.state.global_step % loader.size());
    while (run.state.global_step < run.state.max_steps) {
      const auto batch = batches->next();
      if (!batch) break;
      const double loss = update(run, *batch);
      ++run.state.global_step;
      run.state.epoch =
          static_cast<double>(run.state.global_step) / static_cast<double>(loader.size());
      if (run.state.global_step % save_steps != 0) continue;
      fmt::print("step {}: loss {:.4f}\n", run.state.global_step, loss);
      const fs::path folder = output_dir / checkpoint_name(run.state.global_step);
      save(run, folder);
      if (hub != nullptr) {
        hub->push(folder, fmt::format("Training in progress, step {}", run.state.global_step),
                  run.state.global_step);
      }
    }
  }
}

}  // namespace

/// usage: hand_written OUTPUT_DIR UPDATES SAVE_STEPS [HUB_MODEL_ID | -] [CHECKPOINT]
int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr,
               "usage: hand_written OUTPUT_DIR UPDATES SAVE_STEPS [HUB_MODEL_ID|-] [CHECKPOINT]\n");
    return 2;
  }
  try {
    const fs::path output_dir = argv[1];
    const std::int64_t save_steps = std::stoll(argv[3]);
    if (save_steps < 1) throw InvalidArgumentError("SAVE_STEPS must be above 0.");
    Run run = fresh_run(std::stoll(argv[2]));
    if (argc > 5) resume(run, argv[5]);
    std::optional<PushToHubCallback> hub;
    if (argc > 4 && std::string(argv[4]) != "-") {
      hub.emplace(PushToHubCallbackOptions{.output_dir = output_dir,
                                           .hub_model_id = argv[4],
                                           .hub = HubOptions::from_environment()});
      hub->begin();
    }
    train(run, output_dir, save_steps, hub ? &*hub : nullptr);
    if (!hub) return 0;
    const std::vector<PushOutcome>& pushes = hub->finish();
    return pushes.empty() || pushes.back().ok() ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
