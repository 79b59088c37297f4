// What a run has to push outlives its process, its Hub's absence and other people's commits.
#include "support/commit_titles.h"
#include "support/direct_client.h"
#include "support/gate_transport.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/journal.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using Names = std::vector<std::string>;

/// Calls a function at a save of one step.
class AtSave final : public TrainerCallback {
 public:
  AtSave(std::int64_t step, std::function<void()> action)
      : step_(step), action_(std::move(action)) {}
  std::string name() const override { return "AtSave"; }
  void on_save(const TrainerEvent& event, const fs::path&) override {
    if (event.state.global_step == step_) action_();
  }

 private:
  std::int64_t step_;
  std::function<void()> action_;
};

/// Keeps what on_push_end tells.
class Listener final : public TrainerCallback {
 public:
  std::string name() const override { return "Listener"; }
  void on_push_end(const TrainerEvent&, const PushOutcome& outcome) override {
    heard.push_back(outcome.commit_message + ": " + std::string(to_string(outcome.state)));
  }
  Names heard;
};

class PushJournalOfARun : public ::testing::Test {
 protected:
  TrainerOptions options(std::vector<std::shared_ptr<TrainerCallback>> callbacks = {}) const {
    return {.model = testing::tiny_model(),
            .args = {.output_dir = folder_ / "tiny",
                     .max_steps = 4,
                     .disable_tqdm = true,
                     .save_steps = 2,
                     .push_to_hub = true,
                     .hub_strategy = HubStrategy::checkpoint,
                     .hub_always_push = true},
            .train_dataset = testing::tiny_dataset(16),
            .callbacks = std::move(callbacks),
            .hub = hub_options_};
  }
  TrainOutput resumed() const {
    return Trainer(options()).train({.resume_from_checkpoint = "last"});
  }

  /// As of a run that is killed when the save of step 4 is complete and not handed over.
  void leave_step_4_cut_off() const {
    TrainerOptions first = options();
    first.args.max_steps = 2;
    Trainer(std::move(first)).train();
    TrainerOptions killed = options();
    killed.args.push_to_hub = false;
    Trainer(std::move(killed)).train({.resume_from_checkpoint = "last"});
  }

  Names titles() const { return testing::commit_titles(client(), repo_); }
  HubClient client() const { return testing::direct_client(hub_options_); }
  std::string on_hub(const std::string& path) const {
    return read_file(client().hub_download(repo_, path));
  }

  const TempDir folder_;
  mutable testing::LocalHub hub_;
  const std::shared_ptr<testing::GateTransport> gate_ = std::make_shared<testing::GateTransport>();
  const HubOptions hub_options_{
      .endpoint = hub_.base_url(),
      .token = hub_.token(),
      .cache_dir = folder_ / "cache",
      .retry = {.max_retries = 1, .first_wait = std::chrono::milliseconds(1)},
      .transport = gate_};
  const Repo repo_{.id = RepoId::parse("demo/tiny")};
  const Names straight_{"initial commit", "Training in progress, step 2",
                        "Training in progress, step 4"};
};

TEST_F(PushJournalOfARun, IsFinishedByTheNextRunAfterATimeLimit) {
  const auto shut = std::make_shared<AtSave>(2, [&] { gate_->set_shut(true); });
  TrainerOptions impatient = options({shut});
  impatient.push_time_limit = std::chrono::milliseconds(10);
  const TrainOutput out = Trainer(std::move(impatient)).train();
  EXPECT_FALSE(out.pushed_all());
  ASSERT_EQ(out.pushes.size(), 2U);
  EXPECT_EQ(out.pushes.back().state, PushState::queued);
  EXPECT_NE(out.full_report().find("NOT YET PUSHED"), std::string::npos) << out.full_report();
  EXPECT_EQ(titles(), Names{"initial commit"});
  for (const auto& file : fs::recursive_directory_iterator(folder_ / "tiny/_torchhub")) {
    if (!file.is_regular_file()) continue;
    EXPECT_EQ(read_file(file.path()).find(hub_.token()), std::string::npos) << file.path();
  }

  gate_->set_shut(false);
  EXPECT_TRUE(resumed().pushed_all());
  EXPECT_EQ(titles(), straight_);
  EXPECT_EQ(on_hub("model.safetensors"),
            read_file(folder_ / "tiny/checkpoint-4/model.safetensors"));
}

TEST_F(PushJournalOfARun, IsFinishedByTheNextRunAfterOneThatFailed) {
  const auto fail = std::make_shared<AtSave>(4, [&] { throw Error("the user's own"); });
  const auto shut = std::make_shared<AtSave>(2, [&] { gate_->set_shut(true); });
  EXPECT_EQ(testing::message_of<Error>([&] {
              Trainer(options({shut, fail})).train();
            }),
            "the user's own");
  gate_->set_shut(false);
  const TrainOutput out = resumed();
  EXPECT_TRUE(out.pushed_all());
  EXPECT_EQ(titles(), straight_);  // step 4 was saved, and never handed over
}

TEST_F(PushJournalOfARun, IsFinishedAlsoIfAProcessBetweenThemDiedBeforeItTrained) {
  leave_step_4_cut_off();

  static_cast<void>(Trainer(options()));
  EXPECT_TRUE(resumed().pushed_all());
  EXPECT_EQ(titles(), straight_);
}

TEST_F(PushJournalOfARun, NotesWhichCheckpointsAreOfAnOlderRun) {
  write_file_atomically(folder_ / "tiny/checkpoint-9/trainer_state.json", "{}");
  Trainer(options()).train();
  const PushTarget target = PushJournal(folder_ / "tiny").target().value();
  EXPECT_EQ(target.known.size(), 1U);
  EXPECT_TRUE(target.known.contains(9));
  EXPECT_EQ(target.handed_over, 4);
  EXPECT_TRUE(target.pushes_saves);
}

TEST_F(PushJournalOfARun, IsFinishedByTheSameCommandThoughItBeginsAnew) {
  leave_step_4_cut_off();
  const std::string cut_off = read_file(folder_ / "tiny/checkpoint-4/model.safetensors");

  TrainerOptions anew = options();
  anew.args.max_steps = 2;
  anew.args.seed = 7;
  EXPECT_TRUE(Trainer(std::move(anew)).train().pushed_all());
  Names expected = straight_;
  expected.emplace_back("Training in progress, step 2");
  EXPECT_EQ(titles(), expected);
  const std::string commit = client().list_repo_commits(repo_).at(1).id;
  EXPECT_EQ(read_file(client().hub_download(repo_, "model.safetensors", {.revision = commit})),
            cut_off);
}

TEST_F(PushJournalOfARun, KnowsASaveOfItsOwnWhereAnOlderRunHadThatStep) {
  Trainer(options()).train();
  TrainerOptions anew = options();  // from the start, with other weights
  anew.args.seed = 7;
  anew.args.max_steps = 2;
  Trainer(anew).train();
  EXPECT_EQ(titles().size(), 4U) << "checkpoint-4 is the older run's";
  anew.args.max_steps = 4;
  TrainerOptions killed = anew;
  killed.args.push_to_hub = false;
  const TrainOptions goes_on{.resume_from_checkpoint = (folder_ / "tiny/checkpoint-2").string()};
  Trainer(std::move(killed)).train(goes_on);

  const fs::path newest = folder_ / "tiny/checkpoint-4";
  EXPECT_TRUE(Trainer(anew).train({.resume_from_checkpoint = newest.string()}).pushed_all());
  EXPECT_EQ(titles().back(), "Training in progress, step 4");
  EXPECT_EQ(on_hub("last-checkpoint/model.safetensors"), read_file(newest / "model.safetensors"));
}

TEST_F(PushJournalOfARun, BringsWhatWasCutOffWhereItBelongsThoughTheNextRunGoesElsewhere) {
  leave_step_4_cut_off();

  TrainerOptions other = options();
  other.args.hub_model_id = "demo/other";
  other.args.max_steps = 5;
  EXPECT_TRUE(Trainer(std::move(other)).train({.resume_from_checkpoint = "last"}).pushed_all());
  EXPECT_EQ(titles(), straight_);
  EXPECT_EQ(on_hub("model.safetensors"),
            read_file(folder_ / "tiny/checkpoint-4/model.safetensors"));
}

TEST_F(PushJournalOfARun, LeavesNothingBehindOnceAllHasArrived) {
  Trainer(options()).train();
  EXPECT_TRUE(PushJournal(folder_ / "tiny").unfinished().empty());
  for (const auto& entry : fs::directory_iterator(folder_ / "tiny/_torchhub/pushes")) {
    EXPECT_TRUE(entry.is_regular_file()) << entry.path();
  }
  EXPECT_TRUE(resumed().pushes.empty());
  EXPECT_EQ(titles(), straight_);
}

// HD-4: a failed upload is told of, and tried again.
TEST_F(PushJournalOfARun, TriesAgainWhenTheHubIsBackAndTellsOfBoth) {
  const auto listener = std::make_shared<Listener>();
  const auto away = std::make_shared<AtSave>(2, [&] { hub_.stop(); });
  const auto back = std::make_shared<AtSave>(4, [&] { hub_.start(); });
  Trainer trainer(options({away, back, listener}));
  const TrainOutput out = trainer.train();
  EXPECT_TRUE(out.pushed_all());
  EXPECT_EQ(titles(), straight_);
  ASSERT_FALSE(listener->heard.empty());
  EXPECT_EQ(listener->heard.back(), "Training in progress, step 4: done");
  EXPECT_EQ(std::count(listener->heard.begin(), listener->heard.end(),
                       "Training in progress, step 2: done"),
            1);
}

TEST_F(PushJournalOfARun, TellsCallbacksHowEachPushEnded) {
  const auto listener = std::make_shared<Listener>();
  Trainer(options({listener})).train();
  EXPECT_EQ(listener->heard,
            (Names{"Training in progress, step 2: done", "Training in progress, step 4: done"}));
}

TEST_F(PushJournalOfARun, MakesPythonsTwoCommitsWhereAsked) {
  for (const HubStrategy strategy : {HubStrategy::checkpoint, HubStrategy::all_checkpoints}) {
    TrainerOptions two = options();
    two.save_commits = SaveCommits::two;
    two.args.hub_strategy = strategy;
    two.args.output_dir = folder_ / to_string(strategy);
    two.args.hub_model_id = "tiny";
    EXPECT_TRUE(Trainer(std::move(two)).train().pushed_all());
    EXPECT_EQ(titles(),
              (Names{"initial commit", "Training in progress, step 2",
                     "Training in progress, step 2, checkpoint", "Training in progress, step 4",
                     "Training in progress, step 4, checkpoint"}));
    const bool each = strategy == HubStrategy::all_checkpoints;
    EXPECT_EQ(client().file_exists(repo_, "checkpoint-2/optimizer.pt"), each);
    EXPECT_EQ(client().file_exists(repo_, "last-checkpoint/optimizer.pt"), !each);
    client().delete_repo(repo_);
  }
}

// HD-18: saves of the best model have messages of their own.
TEST_F(PushJournalOfARun, CountsEpochAndStepForTheBest) {
  TrainerOptions best = options();
  best.args.save_strategy = SaveStrategy::best;
  best.args.eval_strategy = IntervalStrategy::steps;
  best.args.eval_steps = 2;
  best.args.metric_for_best_model = "turn";
  best.args.greater_is_better = true;
  best.eval_dataset = testing::tiny_dataset(8);
  best.compute_metrics = [turn = 0](const EvalPrediction&) mutable {
    Metrics metrics;
    metrics.set("turn", ++turn);
    return metrics;
  };
  Trainer(std::move(best)).train();
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress, epoch 1, step 2",
                             "Training in progress, epoch 2, step 4"}));
}

TEST_F(PushJournalOfARun, KeepsWordsWrittenOnTheHubWhileItRuns) {
  const auto edit = std::make_shared<AtSave>(4, [&] {
    while (titles().size() < 2) std::this_thread::yield();
    std::string card = on_hub("README.md");
    const std::string placeholder = "More information needed";
    card.replace(card.find(placeholder), placeholder.size(), "Written on the Hub.");
    client().create_commit(repo_, {CommitOperationAdd::from_bytes("README.md", card)},
                           {.commit_message = "words"});
  });
  Trainer trainer(options({edit}));
  trainer.train();
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress, step 2", "words",
                             "Training in progress, step 4"}));
  EXPECT_NE(on_hub("README.md").find("Written on the Hub."), std::string::npos);
  EXPECT_NE(read_file(folder_ / "tiny/README.md").find("Written on the Hub."), std::string::npos);
  trainer.push_to_hub();
  EXPECT_NE(on_hub("README.md").find("Written on the Hub."), std::string::npos);
}

// HD-21: with MovedBranch::fail somebody else's commit is noticed.
TEST_F(PushJournalOfARun, FailsWhereTheBranchHasMovedIfAskedTo) {
  const auto foreign = std::make_shared<AtSave>(4, [&] {
    while (titles().size() < 2) std::this_thread::yield();
    client().create_commit(repo_, {CommitOperationAdd::from_bytes("notes.txt", "x")},
                           {.commit_message = "notes"});
  });
  TrainerOptions strict = options({foreign});
  strict.moved_branch = MovedBranch::fail;
  const TrainOutput out = Trainer(std::move(strict)).train();
  EXPECT_FALSE(out.pushed_all());
  EXPECT_EQ(out.pushes.back().state, PushState::failed);
  EXPECT_NE(out.pushes.back().error.find("412"), std::string::npos) << out.pushes.back().error;
  EXPECT_EQ(titles().back(), "notes");
}

TEST_F(PushJournalOfARun, DoesNotEndTheRunWhereNothingCanBeHandedOver) {
  const auto block = std::make_shared<AtSave>(2, [&] {
    fs::remove_all(folder_ / "tiny/_torchhub/pushes");
    write_file_atomically(folder_ / "tiny/_torchhub/pushes", "a file in the way");
  });
  const TrainOutput out = Trainer(options({block})).train();
  EXPECT_EQ(out.global_step, 4);
  EXPECT_FALSE(out.pushed_all());
  EXPECT_NE(out.pushes.back().error.find("is a file where a folder is needed"), std::string::npos)
      << out.pushes.back().error;
  EXPECT_TRUE(is_complete_checkpoint(folder_ / "tiny/checkpoint-4"));
}

// HD-1: no secret goes up, and training goes on.
TEST_F(PushJournalOfARun, RefusesToPushAFileThatHoldsAToken) {
  write_file_atomically(folder_ / "tiny/wandb/config.yaml", "key: " + hub_.token() + "\n");
  const TrainOutput out = Trainer(options()).train();
  EXPECT_EQ(out.global_step, 4);
  EXPECT_FALSE(out.pushed_all());
  EXPECT_NE(out.pushes.back().error.find("'wandb/config.yaml' holds a token at byte 5"),
            std::string::npos)
      << out.pushes.back().error;
  EXPECT_EQ(out.full_report().find(hub_.token()), std::string::npos);
  EXPECT_TRUE(is_complete_checkpoint(folder_ / "tiny/checkpoint-4"));
  EXPECT_EQ(titles(), Names{"initial commit"});
}

TEST_F(PushJournalOfARun, DoesNotPutASaveThatWasCutOffOnTopOfNewerFilesOfOthers) {
  leave_step_4_cut_off();
  client().create_commit(repo_, {CommitOperationAdd::from_bytes("model.safetensors", "theirs")},
                         {.commit_message = "newer"});

  TrainerOptions anew = options();
  anew.args.max_steps = 2;
  const TrainOutput out = Trainer(std::move(anew)).train();
  ASSERT_EQ(out.pushes.size(), 2U);
  EXPECT_EQ(out.pushes[0].state, PushState::failed);
  EXPECT_NE(out.pushes[0].error.find("others have changed model.safetensors"), std::string::npos)
      << out.pushes[0].error;
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress, step 2", "newer",
                             "Training in progress, step 2"}));
}

// Both pushes have merged somebody's words before the run hears of either.
TEST_F(PushJournalOfARun, TakesOverWordsOfTheHubWhereTwoPushesEndAtOnce) {
  const std::string placeholder = "More information needed";
  const auto edit = std::make_shared<AtSave>(2, [&] {
    while (titles().size() < 2) std::this_thread::yield();
    std::string card = on_hub("README.md");
    card.replace(card.find(placeholder), placeholder.size(), "Written on the Hub.");
    client().create_commit(repo_, {CommitOperationAdd::from_bytes("README.md", card)},
                           {.commit_message = "words"});
    gate_->set_shut(true);
  });
  const auto open = std::make_shared<AtSave>(3, [&] { gate_->set_shut(false); });
  TrainerOptions o = options({edit, open});
  o.args.max_steps = 3;
  o.args.save_steps = 1;
  o.args.logging_steps = 1;
  Trainer trainer(std::move(o));
  EXPECT_TRUE(trainer.train().pushed_all());
  for (const bool again : {false, true}) {
    if (again) trainer.push_to_hub();
    const std::string card = on_hub("README.md");
    EXPECT_EQ(card, read_file(folder_ / "tiny/README.md"));
    EXPECT_NE(card.find("Written on the Hub."), std::string::npos) << card;
    EXPECT_EQ(card.find("Training is in progress"), std::string::npos) << card;
  }
}

}  // namespace
}  // namespace torchhub
