// HD-26: after train() with load_best_model_at_end, the root of the repository has the best
// weights.
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using Names = std::vector<std::string>;

/// Counts on_push_begin.
class Begins final : public TrainerCallback {
 public:
  std::string name() const override { return "Begins"; }
  void on_push_begin(const TrainerEvent&) override { ++count; }
  int count = 0;
};

/// A run of three saves whose metric has the given values.
class PushBest : public ::testing::Test {
 protected:
  TrainerOptions options(HubStrategy strategy, const std::vector<double>& scores) const {
    TrainerOptions o{.model = testing::tiny_model(),
                     .args = {.output_dir = folder_ / std::string(to_string(strategy)),
                              .max_steps = 6,
                              .disable_tqdm = true,
                              .eval_strategy = IntervalStrategy::steps,
                              .eval_steps = 2,
                              .save_steps = 2,
                              .push_to_hub = true,
                              .hub_model_id = "net",
                              .hub_strategy = strategy,
                              .hub_always_push = true,
                              .load_best_model_at_end = true,
                              .metric_for_best_model = "score",
                              .greater_is_better = true},
                     .train_dataset = testing::tiny_dataset(16),
                     .eval_dataset = testing::tiny_dataset(8),
                     .callbacks = {begins_},
                     .hub = hub_options_};
    o.compute_metrics = [scores, next = std::size_t{0}](const EvalPrediction&) mutable {
      return Metrics{{"score", scores.at(next++)}};
    };
    return o;
  }

  Names titles() const { return testing::commit_titles(client_, repo_); }
  std::string on_hub(const std::string& path) const {
    return read_file(client_.hub_download(repo_, path));
  }

  const std::shared_ptr<Begins> begins_ = std::make_shared<Begins>();
  const TempDir folder_;
  const testing::LocalHub hub_;
  const HubOptions hub_options_{
      .endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "cache"};
  const HubClient client_{hub_options_};
  const Repo repo_{.id = RepoId::parse("demo/net")};
};

TEST_F(PushBest, BringsTheBestWeightsToTheRootWithEveryStrategy) {
  for (const HubStrategy strategy : {HubStrategy::every_save, HubStrategy::checkpoint,
                                     HubStrategy::all_checkpoints, HubStrategy::end}) {
    SCOPED_TRACE(to_string(strategy));
    const TrainerOptions o = options(strategy, {0.1, 0.9, 0.5});
    const TrainOutput out = Trainer(o).train();
    EXPECT_TRUE(out.pushed_all());
    const fs::path best = o.args.output_dir / "checkpoint-4";
    EXPECT_EQ(on_hub("model.safetensors"), read_file(best / "model.safetensors"));
    EXPECT_NE(on_hub("README.md").find("step 4"), std::string::npos) << on_hub("README.md");
    EXPECT_EQ(titles().back(), strategy == HubStrategy::end
                                   ? "End of training"
                                   : "End of training, best model (step 4)");
    client_.delete_repo(repo_);
  }
}

TEST_F(PushBest, LeavesTheCheckpointsOnTheHubAsTheyAre) {
  TrainerOptions o = options(HubStrategy::checkpoint, {0.9, 0.1, 0.5});
  Trainer(o).train();
  const fs::path newest = o.args.output_dir / "checkpoint-6";
  EXPECT_EQ(on_hub("last-checkpoint/model.safetensors"), read_file(newest / "model.safetensors"));
  EXPECT_EQ(on_hub("last-checkpoint/optimizer.pt"), read_file(newest / "optimizer.pt"));
  EXPECT_EQ(begins_->count, 4);
  client_.delete_repo(repo_);

  o = options(HubStrategy::all_checkpoints, {0.9, 0.1, 0.5});
  Trainer(o).train();
  for (const char* name : {"checkpoint-2", "checkpoint-4", "checkpoint-6"}) {
    EXPECT_TRUE(client_.file_exists(repo_, std::string(name) + "/optimizer.pt")) << name;
  }
}

TEST_F(PushBest, MakesNoCommitWhereTheNewestSaveIsTheBest) {
  const TrainOutput out = Trainer(options(HubStrategy::every_save, {0.1, 0.5, 0.9})).train();
  EXPECT_TRUE(out.pushed_all());
  EXPECT_EQ(titles().back(), "Training in progress, step 6");
  EXPECT_EQ(begins_->count, 3);
}

TEST_F(PushBest, ArrivesWhereRotationLeftTheBestCheckpointAlone) {
  for (const SaveCommits commits : {SaveCommits::one, SaveCommits::two}) {
    TrainerOptions o = options(HubStrategy::checkpoint, {0.9, 0.1, 0.5});
    o.args.save_total_limit = 1;
    o.save_commits = commits;
    EXPECT_TRUE(Trainer(o).train().pushed_all());
    EXPECT_EQ(on_hub("model.safetensors"),
              read_file(o.args.output_dir / "checkpoint-2/model.safetensors"));
    EXPECT_NE(on_hub("last-checkpoint/trainer_state.json").find("\"global_step\": 6"),
              std::string::npos);
    client_.delete_repo(repo_);
    fs::remove_all(o.args.output_dir);
  }
}

}  // namespace
}  // namespace torchhub
