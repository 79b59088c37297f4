// Trainer::push_to_hub(): what it takes, and what becomes of it.
#include "support/commit_titles.h"
#include "support/everything_in.h"
#include "support/message_of.h"
#include "torchhub/push/secrets.h"
#include "trainer/pushed_card.h"

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::has;
using Names = std::vector<std::string>;

class PushByHand : public testing::PushedCard {
 protected:
  /// Trains, and pushes nothing by itself.
  Trainer trained(TrainerOptions o) const {
    o.args.push_to_hub = false;
    return Trainer(std::move(o));
  }
};

TEST_F(PushByHand, GoesToTheBranchThatIsNamedAndMakesIt) {
  Trainer trainer(options());
  trainer.train();
  const Names main = testing::commit_titles(client(), repo_);
  const CommitInfo commit =
      trainer.push_to_hub({.commit_message = "For trial", .revision = "trial"});
  EXPECT_EQ(client().repo_info(repo_, "trial").sha, commit.oid);
  EXPECT_EQ(testing::commit_titles(client(), repo_), main);
  EXPECT_TRUE(client().file_exists(repo_, "model.safetensors", "trial"));
}

TEST_F(PushByHand, GoesToTheBranchOfTheRun) {
  TrainerOptions o = options();
  o.args.hub_revision = "trial";
  Trainer trainer(std::move(o));
  trainer.train();
  trainer.push_to_hub();
  trainer.model().save_pretrained(output_dir_);  // so that something is new
  write_file_atomically(output_dir_ / "notes.txt", "x");
  trainer.save_model();
  EXPECT_TRUE(client().file_exists(repo_, "notes.txt", "trial"));
  EXPECT_EQ(testing::commit_titles(client(), repo_), Names{"initial commit"});
}

TEST_F(PushByHand, MergesTheCardWithThatOfItsBranch) {
  Trainer trainer(options());
  const TrainOutput out = trainer.train();
  client().create_branch(repo_, "trial");
  std::string theirs = pushed("README.md");
  const std::string placeholder = "## Model description\n\nMore information needed\n";
  ASSERT_TRUE(has(theirs, placeholder));
  theirs.replace(theirs.find(placeholder), placeholder.size(),
                 "## Model description\n\nOnly of this branch.\n");
  client().create_commit(repo_, {CommitOperationAdd::from_bytes("README.md", theirs)},
                         {.commit_message = "words", .revision = "trial"});
  trainer.push_to_hub({.revision = "trial"});
  EXPECT_TRUE(has(pushed("README.md", "trial"), "Only of this branch."));
  // Nor does the other branch hold up what the run's own card says of itself.
  trainer.push_to_hub({.commit_message = "again"});
  const std::string pinned = "revision=\"" + *out.pushes.back().commit_oid + "\"";
  EXPECT_FALSE(has(pushed("README.md"), "Only of this branch."));
  EXPECT_TRUE(has(pushed("README.md"), pinned)) << pushed("README.md");
}

TEST_F(PushByHand, UsesTheTokenThatIsGivenAndWritesItNowhere) {
  TrainerOptions o = options();
  o.hub->token = std::nullopt;
  Trainer trainer = trained(std::move(o));
  EXPECT_THROW(trainer.push_to_hub(), LocalTokenNotFoundError);
  const CommitInfo commit = trainer.push_to_hub({.token = hub_.token()});
  EXPECT_EQ(client().repo_info(repo_).sha, commit.oid);
  for (const auto& [path, bytes] : testing::everything_in(output_dir_)) {
    EXPECT_FALSE(has(bytes, hub_.token())) << path;
  }
}

TEST_F(PushByHand, IsRefusedWithATokenThatMayOnlyRead) {
  Trainer trainer(options());
  const Names before = testing::commit_titles(client(), repo_);
  EXPECT_THROW(trainer.push_to_hub({.token = hub_.read_token()}), ForbiddenError);
  EXPECT_EQ(testing::commit_titles(client(), repo_), before);
  trainer.push_to_hub();  // the run's own is as it was
  EXPECT_EQ(testing::commit_titles(client(), repo_).back(), "End of training");
}

TEST_F(PushByHand, ReturnsBeforeItHasArrivedWhereAskedTo) {
  Trainer trainer(options());
  hub_.stop();
  const CommitInfo commit = trainer.push_to_hub({.commit_message = "Later", .blocking = false});
  EXPECT_EQ(commit.commit_message, "Later");
  EXPECT_TRUE(commit.oid.empty());
  hub_.start();
  const auto outcomes = trainer.wait_for_pushes();
  ASSERT_FALSE(outcomes.empty());
  EXPECT_TRUE(outcomes.back().ok()) << outcomes.back().error;
  EXPECT_EQ(client().repo_info(repo_).sha, outcomes.back().commit_oid);
  EXPECT_EQ(testing::commit_titles(client(), repo_), (Names{"initial commit", "Later"}));
}

TEST_F(PushByHand, ThatNobodyWaitedForIsMadeByTheNextStart) {
  {
    Trainer trainer(options());
    hub_.stop();
    trainer.push_to_hub({.commit_message = "Later", .blocking = false});
  }
  hub_.start();
  Trainer(options()).wait_for_pushes();
  EXPECT_EQ(testing::commit_titles(client(), repo_), (Names{"initial commit", "Later"}));
}

TEST_F(PushByHand, MakesATagOnlyOfACommitThatItWaitsFor) {
  Trainer trainer(options());
  const PushToHubOptions wrong{.tag = "v1", .blocking = false};
  EXPECT_TRUE(has(testing::message_of<InvalidArgumentError>([&] { trainer.push_to_hub(wrong); }),
                  "blocking = true"));
  EXPECT_EQ(testing::commit_titles(client(), repo_), Names{"initial commit"});
}

TEST_F(PushByHand, SaysOnTheCardWhatIsGiven) {
  Trainer trainer(options());
  trainer.push_to_hub({.card = TrainingCard{.model_name = "Shirts", .license = "mit"}});
  EXPECT_TRUE(has(pushed("README.md"), "license: mit\n"));
  EXPECT_TRUE(has(pushed("README.md"), "\n# Shirts\n"));
  EXPECT_TRUE(has(trainer.model_card(), "license: mit\n")) << "from now on";
}

TEST_F(PushByHand, LeavesReplacesOrMergesTheCardThatIsThere) {
  const std::string words = "---\nlicense: mit\n---\n\n# Mine\n\nEvery word of it.\n";
  for (const auto& [mode, kept, fresh] :
       {std::tuple{CardMode::keep, true, false}, std::tuple{CardMode::overwrite, false, true},
        std::tuple{CardMode::merge, true, true}}) {
    SCOPED_TRACE(to_string(mode));
    TrainerOptions o = options();
    o.args.output_dir = folder_ / std::string(to_string(mode));
    o.card_mode = mode;
    Repo repo{.id = {.owner = "demo", .name = std::string(to_string(mode))}};
    client().create_repo(repo);
    client().create_commit(repo, {CommitOperationAdd::from_bytes("README.md", words)},
                           {.commit_message = "words"});
    EXPECT_TRUE(Trainer(std::move(o)).train().pushed_all());
    const std::string card = read_file(client().hub_download(repo, "README.md"));
    EXPECT_EQ(has(card, "Every word of it."), kept);
    EXPECT_EQ(has(card, "### Training hyperparameters"), fresh);
    EXPECT_EQ(card == words, mode == CardMode::keep);
  }
}

TEST_F(PushByHand, RefreshesACardThatNobodyHasWrittenIntoThoughItKeepsCards) {
  TrainerOptions o = options();
  o.card_mode = CardMode::keep;
  Trainer trainer(std::move(o));
  trainer.train();
  EXPECT_FALSE(says_in_progress(pushed("README.md"))) << "that of the first save was";
}

TEST_F(PushByHand, OverwritesWordsThatWereWrittenDuringTheRun) {
  TrainerOptions o = options();
  o.card_mode = CardMode::overwrite;
  Trainer trainer(std::move(o));
  trainer.train();
  client().create_commit(
      repo_, {CommitOperationAdd::from_bytes("README.md", pushed("README.md") + "PS\n")},
      {.commit_message = "words"});
  trainer.push_to_hub();
  EXPECT_FALSE(has(pushed("README.md"), "PS\n"));
}

TEST_F(PushByHand, ThrowsAfterTheRunWhereItMustArriveAndDidNot) {
  TrainerOptions o = options();
  o.require_pushed = true;
  {
    Trainer trainer(o);
    hub_.stop();
    try {
      trainer.train();
      FAIL() << "the hub was away";
    } catch (const NotPushedError& error) {
      EXPECT_EQ(error.output().global_step, 4);
      EXPECT_EQ(error.output().pushes.size(), 2U);
      EXPECT_TRUE(has(error.what(), "The newest save is NOT on the Hub"));
    }
    EXPECT_TRUE(is_complete_checkpoint(output_dir_ / "checkpoint-4"));
  }
  hub_.start();
  EXPECT_TRUE(Trainer(o).train().pushed_all());
}

/// Counts pushes by hand.
class HearsPushes final : public TrainerCallback {
 public:
  std::string name() const override { return "HearsPushes"; }
  void on_push_begin(const TrainerEvent&) override { heard.emplace_back("begin"); }
  void on_push_end(const TrainerEvent&, const PushOutcome& outcome) override {
    heard.emplace_back(to_string(outcome.state));
    if (!outcome.ok()) error = outcome.error;
  }
  Names heard;
  std::string error;
};

TEST_F(PushByHand, TellsCallbacksHowItEnded) {
  const auto hears = std::make_shared<HearsPushes>();
  TrainerOptions o = options();
  o.callbacks = {hears};
  Trainer trainer = trained(std::move(o));
  trainer.push_to_hub();
  EXPECT_EQ(hears->heard, (Names{"begin", "done"}));
  write_file_atomically(output_dir_ / "notes.txt", "a token: " + hub_.token());
  EXPECT_THROW(trainer.push_to_hub(), SecretFoundError);
  EXPECT_EQ(hears->heard, (Names{"begin", "done", "begin", "failed"}));
  EXPECT_TRUE(has(hears->error, "'notes.txt' holds a token")) << hears->error;
}

TEST_F(PushByHand, LeavesNoCopyOfWhatIsRefusedForGood) {
  Trainer trainer = trained(options());
  write_file_atomically(output_dir_ / "notes.txt", "a token: " + hub_.token());
  EXPECT_THROW(trainer.push_to_hub(), SecretFoundError);
  EXPECT_TRUE(PushJournal(output_dir_).noted().empty());
  fs::remove(output_dir_ / "notes.txt");
  hub_.stop();
  EXPECT_THROW(trainer.push_to_hub(), Error);
  EXPECT_EQ(PushJournal(output_dir_).noted().size(), 1U) << "the next start may bring it";
}

TEST_F(PushByHand, SaysThatACardWasLeftOutAndWhy) {
  TrainerOptions o = options();
  write_file_atomically(output_dir_ / "README.md", "---\ntags: [\n---\n# Mine\n");
  const TrainOutput out = Trainer(std::move(o)).train();
  EXPECT_TRUE(out.pushed_all());
  ASSERT_FALSE(out.pushes.empty());
  EXPECT_FALSE(out.pushes.back().card_problem.empty());
  EXPECT_TRUE(has(out.full_report(), "without its card: ")) << out.full_report();
  EXPECT_FALSE(client().file_exists(repo_, "README.md"));
}

}  // namespace
}  // namespace torchhub
