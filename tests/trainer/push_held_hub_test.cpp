// A Hub that answers nothing while training goes on: each commit holds its own save (HD-6, HD-9),
// and of saves that give way to newer ones the run tells (HD-3).
#include "support/direct_client.h"
#include "support/gate_transport.h"
#include "support/local_hub.h"
#include "support/logged_lines.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::GateTransport;
using testing::TempDir;
using Names = std::vector<std::string>;

/// Holds the Hub back for as long as the run trains, and writes beside each save which it is.
class HoldsTheHub final : public TrainerCallback {
 public:
  explicit HoldsTheHub(std::shared_ptr<GateTransport> gate) : gate_(std::move(gate)) {}
  std::string name() const override { return "HoldsTheHub"; }
  void on_train_begin(const TrainerEvent&) override { gate_->set_shut(true); }
  void on_save(const TrainerEvent& event, const fs::path& checkpoint) override {
    write_file_atomically(checkpoint.parent_path() / "notes.txt",
                          fmt::format("step {}", event.state.global_step));
  }
  void on_push_end(const TrainerEvent&, const PushOutcome& outcome) override {
    told.push_back(fmt::format("step {}: {}", outcome.step, to_string(outcome.state)));
  }
  void on_train_end(const TrainerEvent&) override {
    told_in_training = told;
    gate_->set_shut(false);
  }

  Names told;
  Names told_in_training;

 private:
  std::shared_ptr<GateTransport> gate_;
};

/// After the pusher: the first push has begun before training goes on.
class WaitsForTheFirstPush final : public TrainerCallback {
 public:
  explicit WaitsForTheFirstPush(std::shared_ptr<GateTransport> gate) : gate_(std::move(gate)) {}
  std::string name() const override { return "WaitsForTheFirstPush"; }
  void on_saved(const TrainerEvent&, const SavedCheckpoint&) override { gate_->wait_for_request(); }

 private:
  std::shared_ptr<GateTransport> gate_;
};

class PushesToAHeldHub : public ::testing::Test {
 protected:
  TrainerOptions options() const {
    return {.model = testing::tiny_model(),
            .args = {.output_dir = folder_ / "tiny",
                     .max_steps = 8,
                     .learning_rate = 0.05,
                     .disable_tqdm = true,
                     .save_steps = 2,
                     .push_to_hub = true,
                     .hub_strategy = HubStrategy::checkpoint},
            .train_dataset = testing::tiny_dataset(16),
            .callbacks = {holds_},
            .hub = hub_options_};
  }
  TrainOutput output_of(TrainerOptions options) const {
    Trainer trainer(std::move(options));
    trainer.add_callback(std::make_shared<WaitsForTheFirstPush>(gate_));
    return trainer.train();
  }
  std::string at_commit_of(const PushOutcome& push, const std::string& path) const {
    return read_file(client_.hub_download(repo_, path, {.revision = push.commit_oid.value()}));
  }
  std::string saved(std::int64_t step, const std::string& file) const {
    return read_file(folder_ / "tiny" / checkpoint_name(step) / file);
  }

  const TempDir folder_;
  const testing::LocalHub hub_;
  const std::shared_ptr<GateTransport> gate_ = std::make_shared<GateTransport>();
  const std::shared_ptr<HoldsTheHub> holds_ = std::make_shared<HoldsTheHub>(gate_);
  const HubOptions hub_options_{.endpoint = hub_.base_url(),
                                .token = hub_.token(),
                                .cache_dir = folder_ / "cache",
                                .transport = gate_};
  const HubClient client_ = testing::direct_client(hub_options_);
  const Repo repo_{.id = RepoId::parse("demo/tiny")};
};

TEST_F(PushesToAHeldHub, BringTheWeightsOfTheirSaveThoughTrainingWentOn) {
  for (const SaveCommits commits : {SaveCommits::one, SaveCommits::two}) {
    const bool two = commits == SaveCommits::two;
    SCOPED_TRACE(two ? "two commits a save" : "one commit a save");
    TrainerOptions o = options();
    o.args.hub_always_push = true;
    o.save_copy = SaveCopy::gate;
    o.save_commits = commits;
    const TrainOutput out = output_of(std::move(o));
    EXPECT_EQ(holds_->told_in_training, Names{});  // none was there before the last update
    ASSERT_EQ(out.pushes.size(), two ? 8U : 4U);
    std::set<std::string> different;
    for (const PushOutcome& push : out.pushes) {
      SCOPED_TRACE(push.commit_message);
      ASSERT_TRUE(push.ok()) << push.error;
      const std::string weights = saved(push.step, "model.safetensors");
      different.insert(weights);
      EXPECT_TRUE(at_commit_of(push, "model.safetensors") == weights);
      EXPECT_EQ(at_commit_of(push, "notes.txt"), fmt::format("step {}", push.step));
      if (two && !push.commit_message.ends_with(", checkpoint")) continue;
      for (const char* file : {"model.safetensors", "optimizer.pt", "trainer_state.json"}) {
        EXPECT_TRUE(at_commit_of(push, fmt::format("last-checkpoint/{}", file)) ==
                    saved(push.step, file))
            << file;
      }
    }
    EXPECT_EQ(different.size(), 4U);
    client_.delete_repo(repo_);
    fs::remove_all(folder_ / "tiny");
    holds_->told.clear();
  }
}

TEST_F(PushesToAHeldHub, ByHandBringTheWeightsOfTheirMomentThoughTheModelWentOn) {
  Trainer trainer(options());
  const auto push = [&](const std::string& message) {
    {
      const torch::NoGradGuard no_grad;
      for (at::Tensor& parameter : trainer.model().parameters()) parameter.add_(1);
    }
    trainer.model().save_pretrained(folder_ / message);
    trainer.push_to_hub({.commit_message = message, .blocking = false});
  };
  gate_->set_shut(true);
  push("first");
  gate_->wait_for_request();  // it is on its way, and has not read its files
  push("second");
  EXPECT_TRUE(read_file(folder_ / "tiny/model.safetensors") ==
              read_file(folder_ / "second/model.safetensors"));
  {
    const torch::NoGradGuard no_grad;
    for (at::Tensor& parameter : trainer.model().parameters()) parameter.zero_();
  }
  gate_->set_shut(false);
  const std::vector<PushOutcome> outcomes = trainer.wait_for_pushes();
  ASSERT_EQ(outcomes.size(), 2U);
  std::set<std::string> different;
  for (const PushOutcome& outcome : outcomes) {
    SCOPED_TRACE(outcome.commit_message);
    ASSERT_TRUE(outcome.ok()) << outcome.error;
    const std::string weights = read_file(folder_ / outcome.commit_message / "model.safetensors");
    different.insert(weights);
    EXPECT_TRUE(at_commit_of(outcome, "model.safetensors") == weights);
  }
  EXPECT_EQ(different.size(), 2U);
}

TEST_F(PushesToAHeldHub, AreToldOfAndCountedWhereANewerSaveTookTheirPlace) {
  const testing::LoggedLines logged(log::Level::info);
  const TrainOutput out = output_of(options());
  EXPECT_EQ(holds_->told,
            (Names{"step 4: superseded", "step 6: superseded", "step 2: done", "step 8: done"}));
  EXPECT_EQ(logged.count("push_superseded"), 2);
  EXPECT_TRUE(out.pushed_all());

  const std::string report = out.full_report();
  const auto says = [&](const std::string& words) {
    EXPECT_NE(report.find(words), std::string::npos) << words << " is not in\n" << report;
  };
  says("\npushes (2 of 4 superseded by a newer save):\n");
  says("  Training in progress, step 4: a newer save took its place\n");
  says("  Training in progress, step 6: a newer save took its place\n");
  EXPECT_GT(out.push_stall_seconds, 0);
  says(fmt::format("\npush stall: {:.3f} s, ", out.push_stall_seconds));
}

TEST_F(PushesToAHeldHub, AreNotCalledSupersededWhereAllArrive) {
  TrainerOptions o = options();
  o.args.hub_always_push = true;
  const std::string report = output_of(std::move(o)).full_report();
  EXPECT_EQ(report.find("superseded"), std::string::npos) << report;
  EXPECT_NE(report.find("\npushes:\n"), std::string::npos) << report;
}

}  // namespace
}  // namespace torchhub
