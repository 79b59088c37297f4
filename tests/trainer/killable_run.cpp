// usage: killable_run OUTPUT_DIR ENDPOINT TOKEN CACHE RESUME_FROM|- KILL_AT_STEP
// Trains the tiny model for 60 steps with each save pushed. At KILL_AT_STEP (0: never), or later if
// the save of step 30 is not on the hub by then, it kills itself as kill -9 would. At -KILL_AT_STEP
// it sends itself SIGTERM and lets the grace period of enable_jit_checkpoint pass.
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <csignal>
#include <cstdlib>

using namespace torchhub;

namespace {

class KillAt final : public TrainerCallback {
 public:
  KillAt(std::int64_t step, HubOptions hub) : step_(step), client_(std::move(hub)) {}
  std::string name() const override { return "KillAt"; }

  void on_step_end(const TrainerEvent& event) override {
    if (event.state.global_step == -step_) {
      std::raise(SIGTERM);
      system_clock()->sleep_for(JitCheckpointOptions{}.grace_period);
    }
    kill_if_due(event);
  }
  /// After the pusher has taken it over.
  void on_saved(const TrainerEvent& event, const SavedCheckpoint& checkpoint) override {
    if (step_ <= 0 || checkpoint.step != 30) return;
    while (!pushed()) system_clock()->sleep_for(std::chrono::milliseconds(5));
    is_pushed_ = true;
    kill_if_due(event);
  }

 private:
  void kill_if_due(const TrainerEvent& event) const {
    if (is_pushed_ && event.state.global_step >= step_) std::raise(SIGKILL);
  }
  bool pushed() const {
    for (const GitCommit& commit : client_.list_repo_commits({.id = RepoId::parse("demo/tiny")})) {
      if (commit.title == "Training in progress, step 30") return true;
    }
    return false;
  }

  std::int64_t step_;
  HubClient client_;
  bool is_pushed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const HubOptions hub{.endpoint = argv[2], .token = argv[3], .cache_dir = argv[4]};
  const bool resumes = std::string_view(argv[5]) != "-";
  const auto model = testing::tiny_model();
  if (resumes) {  // other weights, so that a resume which brings none is noticed
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : model->parameters()) parameter.fill_(0.5);
  }
  const std::int64_t kill_at = std::atoll(argv[6]);
  TrainingArguments args{.output_dir = argv[1],
                         .per_device_train_batch_size = 4,
                         .max_steps = 60,
                         .learning_rate = 0.01,
                         .disable_tqdm = true,
                         .save_steps = 30,
                         .push_to_hub = true,
                         .hub_model_id = "tiny",
                         .hub_strategy = HubStrategy::checkpoint,
                         .hub_always_push = true};
  args.enable_jit_checkpoint = kill_at < 0;
  Trainer trainer(
      {.model = model, .args = args, .train_dataset = testing::tiny_dataset(50), .hub = hub});
  trainer.add_callback(std::make_shared<KillAt>(kill_at, hub));
  TrainOptions options;
  if (resumes) options.resume_from_checkpoint = argv[5];
  const bool pushed = trainer.train(options).pushed_all();
  trainer.model().save_pretrained(argv[1]);  // save_model() would push it as well
  return pushed ? 0 : 1;
}
