// usage: signalled_run OUTPUT_DIR ENDPOINT TOKEN CACHE
// Trains the tiny model until a signal comes, saves and pushes each 20th update, and prints its
// report. With enable_jit_checkpoint, and a second for pushes after that signal.
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <cstdio>

using namespace torchhub;

namespace {

/// So that the run is not through before the signal comes, nor the disk full of checkpoints.
class Slowly final : public TrainerCallback {
 public:
  std::string name() const override { return "Slowly"; }
  void on_step_end(const TrainerEvent&) override {
    system_clock()->sleep_for(std::chrono::milliseconds(2));
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  Trainer trainer({.model = testing::tiny_model(),
                   .args = {.output_dir = argv[1],
                            .per_device_train_batch_size = 4,
                            .max_steps = 1'000'000,
                            .disable_tqdm = true,
                            .save_steps = 20,
                            .save_total_limit = 3,
                            .enable_jit_checkpoint = true,
                            .push_to_hub = true,
                            .hub_model_id = "tiny",
                            .hub_strategy = HubStrategy::checkpoint},
                   .train_dataset = testing::tiny_dataset(50),
                   .callbacks = {std::make_shared<Slowly>()},
                   .hub = HubOptions{.endpoint = argv[2], .token = argv[3], .cache_dir = argv[4]},
                   .push_time_limit_after_signal = std::chrono::seconds(1)});
  const TrainOutput out = trainer.train();
  std::fputs(out.full_report().c_str(), stdout);
  return out.pushed_all() ? 0 : 1;
}
