// A Hub behind a slow line delays nothing but the pushes.
#include "support/local_hub.h"
#include "support/slow_proxy.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub {
namespace {

using testing::TempDir;
using Names = std::vector<std::string>;

/// Keeps the order of what happens, and slows the line down for as long as the run trains.
class Order final : public TrainerCallback {
 public:
  explicit Order(testing::SlowProxy& line) : line_(line) {}
  std::string name() const override { return "Order"; }
  void on_train_begin(const TrainerEvent&) override { line_.set_rate(kCrawl); }
  void on_step_end(const TrainerEvent&) override { events.emplace_back("step"); }
  void on_push_begin(const TrainerEvent&) override { events.emplace_back("handed over"); }
  void on_push_end(const TrainerEvent&, const PushOutcome& outcome) override {
    events.push_back(outcome.commit_message + ": " + std::string(to_string(outcome.state)));
  }
  void on_train_end(const TrainerEvent&) override { line_.set_rate(kBroadband); }

  Names events;

 private:
  static constexpr std::uint64_t kCrawl = 200;  // bytes/s: one request takes some seconds
  static constexpr std::uint64_t kBroadband = 100'000'000;
  testing::SlowProxy& line_;
};

TEST(PushOverASlowLine, BeginsWithTheFirstSaveAndEndsAfterTheLastStep) {
  const TempDir folder;
  testing::LocalHub hub;
  testing::SlowProxy line(hub.base_url(), 100'000'000);
  hub.serve_behind(line.url());  // uploads go through it too
  const HubOptions slow{
      .endpoint = line.url(), .token = hub.token(), .cache_dir = folder / "cache"};
  const auto order = std::make_shared<Order>(line);
  Trainer trainer({.model = testing::tiny_model(),
                   .args = {.output_dir = folder / "tiny",
                            .max_steps = 8,
                            .disable_tqdm = true,
                            .save_steps = 2,
                            .push_to_hub = true,
                            .hub_strategy = HubStrategy::checkpoint},
                   .train_dataset = testing::tiny_dataset(16),
                   .callbacks = {order},
                   .hub = slow});
  const TrainOutput out = trainer.train();
  const Names& events = order->events;
  const auto first_push = std::find(events.begin(), events.end(), "handed over");
  const auto last_step = std::find(events.rbegin(), events.rend(), "step").base();
  EXPECT_EQ(std::count(events.begin(), last_step, "step"), 8);
  EXPECT_EQ(std::count(first_push, last_step, "step"), 6);
  Names arrived;
  for (auto event = events.begin(); event != events.end(); ++event) {
    if (!event->ends_with(": done")) continue;
    EXPECT_GE(event, last_step) << *event;  // no step waited for it
    arrived.push_back(*event);
  }
  // Of the saves that waited, the newest took the place of the others.
  EXPECT_EQ(arrived,
            (Names{"Training in progress, step 2: done", "Training in progress, step 8: done"}));
  EXPECT_TRUE(out.pushed_all());
  EXPECT_EQ(read_file(HubClient(slow).hub_download({.id = RepoId::parse("demo/tiny")},
                                                   "model.safetensors")),
            read_file(folder / "tiny/checkpoint-8/model.safetensors"));
}

}  // namespace
}  // namespace torchhub
