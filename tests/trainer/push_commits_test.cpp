// What a run commits, save by save: the four strategies of hub_strategy with one commit a save and
// with Python's two; every message, and every path that is written or goes.
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace torchhub {
namespace {

using testing::TempDir;
using Paths = std::set<std::string>;

struct Commit {
  std::string title;
  Paths written = {};
  Paths deleted = {};

  bool operator==(const Commit&) const = default;
  friend void PrintTo(const Commit& commit, std::ostream* out) {
    *out << fmt::format("\n  '{}'\n    writes {}\n    deletes {}", commit.title, commit.written,
                        commit.deleted);
  }
};
using Commits = std::vector<Commit>;

Commits operator+(Commits first, const Commits& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

Paths operator+(Paths some, const Paths& more) {
  some.insert(more.begin(), more.end());
  return some;
}

/// What makes the model at the root, of the first save and of later ones: files that say what is on
/// the branch already are no part of a commit.
const Paths kModel{"README.md", "config.json", "model.safetensors", "training.svg",
                   "training_args.json"};
const Paths kModelAgain{"README.md", "model.safetensors", "training.svg"};

Paths below(const std::string& folder, const Paths& names) {
  Paths paths;
  for (const std::string& name : names) paths.insert(folder + "/" + name);
  return paths;
}

/// All of a checkpoint: what a run goes on from.
Paths checkpoint(const std::string& folder) {
  return below(folder,
               {"config.json", "model.safetensors", "optimizer.pt", "rng_state.pth", "scheduler.pt",
                "torchhub_state.json", "trainer_state.json", "training_args.json"});
}
Paths checkpoint_again(const std::string& folder) {
  return below(folder, {"model.safetensors", "optimizer.pt", "rng_state.pth", "scheduler.pt",
                        "torchhub_state.json", "trainer_state.json"});
}

class CommitsOfARun : public ::testing::Test {
 protected:
  /// Two epochs of six updates, each saved. @return what it committed
  Commits commits_of(HubStrategy strategy, SaveCommits commits) const {
    const HubClient client(hub_options_);
    const std::size_t before = client.repo_exists(repo_) ? history().size() : 0;
    TrainerOptions o{.model = testing::tiny_model(),
                     .args = {.output_dir = folder_ / std::string(to_string(strategy)),
                              .num_train_epochs = 2,
                              .logging_steps = 1,
                              .disable_tqdm = true,
                              .eval_strategy = IntervalStrategy::epoch,  // a row of the card each
                              .save_strategy = SaveStrategy::epoch,
                              .push_to_hub = true,
                              .hub_model_id = "net",
                              .hub_strategy = strategy,
                              .hub_always_push = true},
                     .train_dataset = testing::tiny_dataset(48),
                     .eval_dataset = testing::tiny_dataset(8),
                     .hub = hub_options_,
                     .save_commits = commits};
    EXPECT_TRUE(Trainer(std::move(o)).train().pushed_all());
    Commits all = history();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before));
    std::filesystem::remove_all(folder_ / std::string(to_string(strategy)));
    client.delete_repo(repo_);
    return all;
  }
  /// Weights in another form, and a file of a checkpoint that newer ones have not.
  void leave_older_files() const {
    const HubClient client(hub_options_);
    client.create_repo(repo_);
    std::vector<CommitOperation> older;
    for (const char* path :
         {"model-00001-of-00001.safetensors", "model.safetensors.index.json", "notes.txt",
          "last-checkpoint/scaler.pt", "checkpoint-6/scaler.pt", "checkpoint-3/scaler.pt"}) {
      older.emplace_back(CommitOperationAdd::from_bytes(path, "older"));
    }
    client.create_commit(repo_, older, {.commit_message = "an older run"});
  }

  const TempDir folder_;
  const testing::LocalHub hub_;
  const HubOptions hub_options_{
      .endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "cache"};
  const Repo repo_{.id = RepoId::parse("demo/net")};

 private:
  std::map<std::string, std::string> contents(const std::string& revision) const {
    std::map<std::string, std::string> contents;
    for (const RepoTreeEntry& entry : HubClient(hub_options_).list_repo_tree(repo_, revision)) {
      if (entry.type == RepoTreeEntry::Type::file) contents[entry.path] = entry.content_id();
    }
    return contents;
  }
  /// Each commit of the branch against the one before, oldest first.
  Commits history() const {
    std::vector<GitCommit> log = HubClient(hub_options_).list_repo_commits(repo_);
    std::reverse(log.begin(), log.end());
    Commits commits;
    std::map<std::string, std::string> before;
    for (const GitCommit& entry : log) {
      Commit commit{.title = entry.title};
      const auto now = contents(entry.id);
      for (const auto& [path, content] : now) {
        if (!before.contains(path) || before[path] != content) commit.written.insert(path);
      }
      for (const auto& [path, content] : before) {
        if (!now.contains(path)) commit.deleted.insert(path);
      }
      before = now;
      commits.push_back(std::move(commit));
    }
    return commits;
  }
};

const Commits kInitial{{"initial commit", {".gitattributes"}}};

TEST_F(CommitsOfARun, HoldTheModelOfEachSaveWithEverySave) {
  const Commits expected = kInitial + Commits{{"Training in progress, epoch 1", kModel},
                                              {"Training in progress, epoch 2", kModelAgain}};
  EXPECT_EQ(commits_of(HubStrategy::every_save, SaveCommits::one), expected);
  EXPECT_EQ(commits_of(HubStrategy::every_save, SaveCommits::two), expected);
}

TEST_F(CommitsOfARun, AreOneWithStrategyEnd) {
  const Commits expected = kInitial + Commits{{"End of training", kModel}};
  EXPECT_EQ(commits_of(HubStrategy::end, SaveCommits::one), expected);
  EXPECT_EQ(commits_of(HubStrategy::end, SaveCommits::two), expected);
}

TEST_F(CommitsOfARun, ReplaceTheLastCheckpointWithStrategyCheckpoint) {
  const std::string last = "last-checkpoint";
  const Commits one{{"Training in progress, epoch 1", kModel + checkpoint(last)},
                    {"Training in progress, epoch 2", kModelAgain + checkpoint_again(last)}};
  EXPECT_EQ(commits_of(HubStrategy::checkpoint, SaveCommits::one), kInitial + one);
  const Commits two{{"Training in progress, epoch 1", kModel},
                    {"Training in progress, epoch 1, checkpoint", checkpoint(last)},
                    {"Training in progress, epoch 2", kModelAgain},
                    {"Training in progress, epoch 2, checkpoint", checkpoint_again(last)}};
  EXPECT_EQ(commits_of(HubStrategy::checkpoint, SaveCommits::two), kInitial + two);
}

TEST_F(CommitsOfARun, KeepEachCheckpointWithStrategyAllCheckpoints) {
  const Commits one{{"Training in progress, epoch 1", kModel + checkpoint("checkpoint-6")},
                    {"Training in progress, epoch 2", kModelAgain + checkpoint("checkpoint-12")}};
  EXPECT_EQ(commits_of(HubStrategy::all_checkpoints, SaveCommits::one), kInitial + one);
  const Commits two{{"Training in progress, epoch 1", kModel},
                    {"Training in progress, epoch 1, checkpoint", checkpoint("checkpoint-6")},
                    {"Training in progress, epoch 2", kModelAgain},
                    {"Training in progress, epoch 2, checkpoint", checkpoint("checkpoint-12")}};
  EXPECT_EQ(commits_of(HubStrategy::all_checkpoints, SaveCommits::two), kInitial + two);
}

// HD-7: what is replaced as a whole leaves nothing of its older form, and nobody else's files go.
TEST_F(CommitsOfARun, DeleteWhatTheyReplaceAndNothingElse) {
  const Paths weights{"model-00001-of-00001.safetensors", "model.safetensors.index.json"};
  const std::map<HubStrategy, Paths> of_checkpoint{
      {HubStrategy::end, {}},
      {HubStrategy::every_save, {}},
      {HubStrategy::checkpoint, {"last-checkpoint/scaler.pt"}},
      {HubStrategy::all_checkpoints, {"checkpoint-6/scaler.pt"}}};
  for (const auto& [strategy, stale] : of_checkpoint) {
    for (const SaveCommits commits : {SaveCommits::one, SaveCommits::two}) {
      const bool two = commits == SaveCommits::two && !stale.empty();
      SCOPED_TRACE(fmt::format("{}, {} commit(s)", to_string(strategy), two ? 2 : 1));
      leave_older_files();
      std::vector<Paths> deleted;
      for (const Commit& commit : commits_of(strategy, commits)) deleted.push_back(commit.deleted);
      std::vector<Paths> expected{two ? weights : weights + stale};
      if (two) expected.push_back(stale);
      expected.resize(deleted.size());  // later saves find nothing older
      EXPECT_EQ(deleted, expected);
    }
  }
}

}  // namespace
}  // namespace torchhub
