// usage: pushing_run OUTPUT_DIR ENDPOINT TOKEN CACHE KILL_AT
// Trains the tiny model for 40 steps, saves and pushes each fourth with its checkpoint, and goes on
// from the newest checkpoint if there is one. Before the KILL_AT-th of its moments (a request is
// about to be sent, its answer has come, an update or a save is done; 0: never) it kills itself as
// kill -9 would. Ends with 0 if all is pushed.
#include "support/tiny_model.h"
#include "torchhub/http/transport.h"
#include "torchhub/torchhub.h"

#include <atomic>
#include <csignal>
#include <cstdlib>

using namespace torchhub;

namespace {

class Moments {
 public:
  explicit Moments(std::int64_t kill_at) : kill_at_(kill_at) {}
  void pass() {
    if (++passed_ == kill_at_) std::raise(SIGKILL);
  }

 private:
  const std::int64_t kill_at_;
  std::atomic<std::int64_t> passed_ = 0;
};

class CountingTransport final : public Transport {
 public:
  explicit CountingTransport(std::shared_ptr<Moments> moments) : moments_(std::move(moments)) {}
  Response send(const Request& request, std::stop_token stop) override {
    moments_->pass();
    Response response = inner_->send(request, std::move(stop));
    moments_->pass();
    return response;
  }

 private:
  std::shared_ptr<Moments> moments_;
  std::shared_ptr<Transport> inner_ = make_curl_transport();
};

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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const auto moments = std::make_shared<Moments>(std::atoll(argv[5]));
  const HubOptions hub{.endpoint = argv[2],
                       .token = argv[3],
                       .cache_dir = argv[4],
                       .retry = {.max_retries = 8, .first_wait = std::chrono::milliseconds(50)},
                       .transport = std::make_shared<CountingTransport>(moments)};
  Trainer trainer({.model = testing::tiny_model(),
                   .args = {.output_dir = argv[1],
                            .per_device_train_batch_size = 4,
                            .max_steps = 40,
                            .learning_rate = 0.01,
                            .disable_tqdm = true,
                            .save_steps = 4,
                            .push_to_hub = true,
                            .hub_model_id = "tiny",
                            .hub_strategy = HubStrategy::all_checkpoints},
                   .train_dataset = testing::tiny_dataset(50),
                   .callbacks = {std::make_shared<CountingCallback>(moments)},
                   .hub = hub});
  trainer.add_callback(std::make_shared<CountingCallback>(moments));  // after the pusher
  TrainOptions options;
  if (!complete_checkpoints(argv[1]).empty()) options.resume_from_checkpoint = "last";
  return trainer.train(options).pushed_all() ? 0 : 1;
}
