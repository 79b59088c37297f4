// usage: pushing_run OUTPUT_DIR ENDPOINT TOKEN CACHE REPO STRATEGY one|two LIMIT always|newest KILL
// Trains the tiny model for 40 steps, saves each fourth, and goes on from the newest checkpoint if
// there is one. Pushes with that hub_strategy, so many commits a save, and each save or the newest
// alone. LIMIT is save_total_limit; 0: none. A moment for KILL (kill_moments.h) is: a request is
// about to be sent, its answer has come, an update or a save is done. Ends with 0 if all is pushed.
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"
#include "trainer/kill_moments.h"

#include <cstdlib>
#include <string_view>

using namespace torchhub;
using testing::CountingTransport;
using testing::Moments;

namespace {

class CountingCallback final : public TrainerCallback {
 public:
  explicit CountingCallback(std::shared_ptr<Moments> moments) : moments_(std::move(moments)) {}
  std::string name() const override { return "CountingCallback"; }
  void on_step_end(const TrainerEvent&) override { moments_->pass(); }
  void on_save(const TrainerEvent&, const std::filesystem::path&) override { moments_->pass(); }
  void on_saved(const TrainerEvent&, const SavedCheckpoint&) override { moments_->pass(); }

 private:
  std::shared_ptr<Moments> moments_;
};

HubStrategy strategy_of(std::string_view word) {
  for (const HubStrategy strategy :
       {HubStrategy::end, HubStrategy::every_save, HubStrategy::checkpoint}) {
    if (to_string(strategy) == word) return strategy;
  }
  return HubStrategy::all_checkpoints;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 11) return 2;
  const auto moments = std::make_shared<Moments>(testing::Kill::parse(argv[10]));
  const HubOptions hub{.endpoint = argv[2],
                       .token = argv[3],
                       .cache_dir = argv[4],
                       .retry = {.max_retries = 8, .first_wait = std::chrono::milliseconds(50)},
                       .transport = std::make_shared<CountingTransport>(moments)};
  TrainerOptions options{
      .model = testing::tiny_model(),
      .args = {.output_dir = argv[1],
               .per_device_train_batch_size = 4,
               .max_steps = 40,
               .learning_rate = 0.01,
               .disable_tqdm = true,
               .save_steps = 4,
               .push_to_hub = true,
               .hub_model_id = argv[5],
               .hub_strategy = strategy_of(argv[6]),
               .hub_always_push = argv[9] == std::string_view("always")},
      .train_dataset = testing::tiny_dataset(50),
      .callbacks = {std::make_shared<CountingCallback>(moments)},
      .hub = hub,
      .save_commits = argv[7] == std::string_view("two") ? SaveCommits::two : SaveCommits::one};
  if (const std::int64_t limit = std::atoll(argv[8]); limit > 0) {
    options.args.save_total_limit = limit;
  }
  Trainer trainer(std::move(options));
  trainer.add_callback(std::make_shared<CountingCallback>(moments));  // after the pusher
  TrainOptions how;
  if (!complete_checkpoints(argv[1]).empty()) how.resume_from_checkpoint = "last";
  return trainer.train(how).pushed_all() ? 0 : 1;
}
