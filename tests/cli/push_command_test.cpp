// `torchhub push resume`, as people call it: the program itself, against a real hub.
#include "push/fingerprints.h"
#include "support/child_process.h"
#include "support/commit_titles.h"
#include "support/everything_in.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/client.h"
#include "torchhub/push/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unistd.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using testing::LocalHub;
using testing::TempDir;

using Names = std::vector<std::string>;

class PushCommand : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo(repo_); }

  /// As a killed process leaves it.
  PushJob leave_job(const std::string& endpoint,
                    MovedBranch moved_branch = MovedBranch::merge) const {
    PushJob job{.repo = repo_,
                .endpoint = endpoint,
                .commit_message = "Training in progress, step 5",
                .step = 5,
                .snapshot = journal_.new_snapshot(),
                .moved_branch = moved_branch};
    job.snapshot.add_text("weights", "model.safetensors");
    journal_.remember(job);
    return job;
  }

  Finished resume(std::vector<std::string> more = {}) const {
    std::vector<std::string> command{TORCHHUB_EXECUTABLE, "push", "resume",
                                     (folder_ / "run").string()};
    command.insert(command.end(), more.begin(), more.end());
    return testing::run(command, {"HF_ENDPOINT=" + hub_.base_url(), "HF_TOKEN=" + token_,
                                  "HF_HOME=" + (folder_ / "home").string()});
  }

  /// Oldest first.
  Names titles() const { return testing::commit_titles(client_, repo_); }

  const TempDir folder_;
  LocalHub hub_;
  const HubClient client_{
      {.endpoint = hub_.base_url(), .token = hub_.token(), .cache_dir = folder_ / "cache"}};
  const Repo repo_{.id = {.owner = "demo", .name = "net"}};
  const PushJournal journal_{folder_ / "run"};
  std::string token_ = hub_.token();  ///< Of the command.
};

TEST_F(PushCommand, PushesWhatWasLeftOnceAndSaysSo) {
  leave_job(hub_.base_url());
  const Finished first = resume();
  EXPECT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_NE(first.output.find("Training in progress, step 5 -> demo/net (main): http"),
            std::string::npos)
      << first.output;
  const Finished second = resume();
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_NE(second.output.find("Nothing is left to push"), std::string::npos) << second.output;
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress, step 5"}));
}

TEST_F(PushCommand, ListsAndPushesNothingOnADryRun) {
  leave_job(hub_.base_url());
  const Finished listed = resume({"--dry-run"});
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
  EXPECT_EQ(listed.output, "Training in progress, step 5 -> demo/net (main) at " + hub_.base_url() +
                               "\n           7  model.safetensors\n");
  EXPECT_EQ(titles(), Names{"initial commit"});
  EXPECT_EQ(resume().exit_code, 0);
  EXPECT_EQ(titles().size(), 2U);  // the dry run left it in its place
}

TEST_F(PushCommand, PushesASaveThatItsProcessCouldNotHandOver) {
  write_file_atomically(folder_ / "run/checkpoint-8/model.safetensors", "weights of 8");
  write_file_atomically(folder_ / "run/checkpoint-8/optimizer.pt", "moments");
  write_file_atomically(folder_ / "run/checkpoint-8/trainer_state.json", "{\"epoch\": 2.5}");
  write_file_atomically(folder_ / "run/README.md", "# net\n");
  journal_.set_target({.endpoint = hub_.base_url(),
                       .repo = repo_,
                       .checkpoint = PushedCheckpoint::as_last,
                       .progress_unit = ProgressUnit::epoch_and_step,
                       .handed_over = 4});
  EXPECT_EQ(resume().exit_code, 0);
  EXPECT_EQ(titles().back(), "Training in progress, epoch 2, step 8");
  for (const char* path : {"model.safetensors", "README.md", "last-checkpoint/optimizer.pt"}) {
    EXPECT_TRUE(client_.file_exists(repo_, path)) << path;
  }
  EXPECT_FALSE(client_.file_exists(repo_, "optimizer.pt"));
  EXPECT_NE(resume().output.find("Nothing is left"), std::string::npos);
}

TEST_F(PushCommand, SendsOfACutOffSaveWhatItsRunHadSelected) {
  write_file_atomically(folder_ / "run/checkpoint-8/model.safetensors", "weights of 8");
  write_file_atomically(folder_ / "run/checkpoint-8/optimizer.pt", "moments");
  write_file_atomically(folder_ / "run/checkpoint-8/trainer_state.json", "{}");
  write_file_atomically(folder_ / "run/notes.txt", "mine");
  journal_.set_target({.endpoint = hub_.base_url(),
                       .repo = repo_,
                       .checkpoint = PushedCheckpoint::as_last,
                       .selection = {.root = {.ignore = {"notes.txt"}},
                                     .checkpoint = {.ignore = {"optimizer.pt"}}}});
  EXPECT_EQ(resume().exit_code, 0);
  EXPECT_TRUE(client_.file_exists(repo_, "model.safetensors"));
  EXPECT_TRUE(client_.file_exists(repo_, "last-checkpoint/trainer_state.json"));
  EXPECT_FALSE(client_.file_exists(repo_, "notes.txt"));
  EXPECT_FALSE(client_.file_exists(repo_, "last-checkpoint/optimizer.pt"));
}

TEST_F(PushCommand, RefusesASaveAboveItsRunsLimitUnlessALargerOneIsGiven) {
  write_file_atomically(folder_ / "run/checkpoint-8/model.safetensors", "weights of 8");
  write_file_atomically(folder_ / "run/checkpoint-8/trainer_state.json", "{}");
  journal_.set_target({.endpoint = hub_.base_url(), .repo = repo_, .selection = {.max_bytes = 11}});
  for (const Names& more : {Names{}, Names{"--dry-run"}}) {
    const Finished refused = resume(more);
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(refused.errors.find("checkpoint-8' has 12 bytes to push, more than the 11 that its "
                                  "run allows; nothing was pushed."),
              std::string::npos)
        << refused.errors;
    EXPECT_NE(refused.errors.find(". To push it all the same: 'torchhub push resume " +
                                  (folder_ / "run").string() + " --max-size 12'.\n"),
              std::string::npos)
        << refused.errors;
  }
  leave_job(hub_.base_url());  // others go
  EXPECT_EQ(resume().exit_code, 1);
  EXPECT_EQ(titles(), (Names{"initial commit", "Training in progress, step 5"}));
  EXPECT_EQ(resume({"--max-size", "12 b"}).exit_code, 2);
  EXPECT_EQ(resume({"--max-size", "1KB"}).exit_code, 0);
  EXPECT_EQ(titles().back(), "Training in progress, step 8");
}

TEST_F(PushCommand, LeavesCheckpointsAloneThatWereThereBeforeTheRun) {
  write_file_atomically(folder_ / "run/checkpoint-9/model.safetensors", "of an older run");
  write_file_atomically(folder_ / "run/checkpoint-9/trainer_state.json", "{}");
  journal_.set_target({.endpoint = hub_.base_url(),
                       .repo = repo_,
                       .handed_over = 4,
                       .known = fingerprints_in(folder_ / "run")});
  EXPECT_NE(resume().output.find("Nothing is left"), std::string::npos);
  EXPECT_EQ(titles(), Names{"initial commit"});
}

TEST_F(PushCommand, SendsNothingToAnotherHubThanTheOneItBelongsTo) {
  leave_job("http://127.0.0.1:9");
  const Finished refused = resume();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("--endpoint http://127.0.0.1:9"), std::string::npos)
      << refused.errors;
  EXPECT_EQ(titles(), Names{"initial commit"});
  EXPECT_EQ(journal_.unfinished().size(), 1U);
}

TEST_F(PushCommand, KeepsWhatTheHubDidNotTakeAndNeverShowsTheToken) {
  leave_job(hub_.base_url());
  client_.delete_repo(repo_);
  const Finished failed = resume();
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.errors.find("demo/net"), std::string::npos) << failed.errors;
  EXPECT_EQ((failed.errors + failed.output).find(hub_.token()), std::string::npos);
  client_.create_repo(repo_);
  EXPECT_EQ(resume().exit_code, 0);
  EXPECT_EQ(titles().back(), "Training in progress, step 5");
}

TEST_F(PushCommand, PushesOverForeignChangesOnlyWhenTold) {
  leave_job(hub_.base_url());
  journal_.note_head({.endpoint = hub_.base_url(), .repo = repo_}, client_.repo_info(repo_).sha);
  client_.create_commit(repo_, {CommitOperationAdd::from_bytes("model.safetensors", "newer")},
                        {.commit_message = "by hand"});
  const Finished refused = resume();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("--on-top"), std::string::npos) << refused.errors;
  EXPECT_EQ(titles().back(), "by hand");
  EXPECT_EQ(resume({"--on-top"}).exit_code, 0);
  EXPECT_EQ(titles().back(), "Training in progress, step 5");
}

// Killed after the push was noted and before its files went.
TEST_F(PushCommand, PushesNothingTwiceThoughItGoesOnTop) {
  journal_.note_done(leave_job(hub_.base_url()), client_.repo_info(repo_).sha);
  client_.create_commit(repo_, {CommitOperationAdd::from_bytes("model.safetensors", "newer")},
                        {.commit_message = "by hand"});
  for (const Names& how : {Names{"--on-top", "--dry-run"}, Names{"--on-top"}}) {
    const Finished on_top = resume(how);
    EXPECT_EQ(on_top.exit_code, 0) << on_top.errors;
    EXPECT_NE(on_top.output.find("a newer one is there"), std::string::npos) << on_top.output;
    EXPECT_EQ(titles().back(), "by hand");
  }
}

class PushCommandDryRun : public PushCommand {
 protected:
  void expect_the_same_refusal(const std::string& part, const Names& more = {}) const {
    Names dry_run = more;
    dry_run.emplace_back("--dry-run");
    const auto before = testing::everything_in(folder_.path());
    const Finished dry = resume(dry_run);
    EXPECT_EQ(testing::everything_in(folder_.path()), before);
    EXPECT_EQ(dry.exit_code, 1) << dry.output;
    EXPECT_NE(dry.errors.find(part), std::string::npos) << dry.errors;
    const Finished real = resume(more);
    EXPECT_EQ(real.exit_code, 1);
    EXPECT_EQ(dry.errors, real.errors);
  }
  void change_by_hand() const {
    client_.create_commit(repo_, {CommitOperationAdd::from_bytes("model.safetensors", "newer")},
                          {.commit_message = "by hand"});
  }
  void note_head() const {
    journal_.note_head({.endpoint = hub_.base_url(), .repo = repo_}, client_.repo_info(repo_).sha);
  }
  void save_cut_off(const SaveSelection& selection = {}) const {
    write_file_atomically(folder_ / "run/checkpoint-8/model.safetensors", "weights of 8");
    write_file_atomically(folder_ / "run/checkpoint-8/trainer_state.json", "{}");
    journal_.set_target({.endpoint = hub_.base_url(), .repo = repo_, .selection = selection});
  }
};

TEST_F(PushCommandDryRun, RefusesAnotherHub) {
  leave_job("http://127.0.0.1:9");
  expect_the_same_refusal("belongs to the Hub at http://127.0.0.1:9, not to " + hub_.base_url());
}

TEST_F(PushCommandDryRun, RefusesWhatOthersHaveChanged) {
  leave_job(hub_.base_url());
  note_head();
  change_by_hand();
  expect_the_same_refusal("others have changed model.safetensors there");
  const Finished on_top = resume({"--dry-run", "--on-top"});
  EXPECT_EQ(on_top.exit_code, 0) << on_top.errors;
  EXPECT_EQ(titles().back(), "by hand");
}

TEST_F(PushCommandDryRun, RefusesASaveThatWasCutOffAndWhoseFilesOthersHaveChanged) {
  save_cut_off();
  note_head();
  change_by_hand();
  const Finished dry = resume({"--dry-run"});
  EXPECT_EQ(dry.exit_code, 1);
  const std::size_t end = dry.errors.find(" --on-top'");
  ASSERT_NE(end, std::string::npos) << dry.errors;
  const Finished real = resume();  // which knows more: what to delete to be rid of it
  EXPECT_EQ(real.exit_code, 1);
  EXPECT_EQ(real.errors.substr(0, end), dry.errors.substr(0, end));
}

TEST_F(PushCommandDryRun, RefusesFilesWithATokenWhereverTheyLie) {
  save_cut_off();
  write_file_atomically(folder_ / "run/notes.txt", hub_.token());
  expect_the_same_refusal("'notes.txt' holds a token at byte 0");
}

TEST_F(PushCommandDryRun, RefusesWhatTheHubDoesNotHave) {
  leave_job(hub_.base_url());
  client_.delete_repo(repo_);
  const Finished dry = resume({"--dry-run"});
  EXPECT_EQ(dry.exit_code, 1);
  EXPECT_NE(dry.errors.find("Repository 'demo/net' (model) not found at " + hub_.base_url()),
            std::string::npos)
      << dry.errors;
}

TEST_F(PushCommandDryRun, RefusesATokenThatMayNotWrite) {
  leave_job(hub_.base_url());
  token_ = hub_.read_token();
  const Finished dry = resume({"--dry-run"});
  EXPECT_EQ(dry.exit_code, 1);
  EXPECT_NE(dry.errors.find("Not allowed: "), std::string::npos) << dry.errors;
  EXPECT_EQ(resume().exit_code, 1);
}

TEST_F(PushCommandDryRun, RefusesAnyCommitOfOthersWhereTheRunDid) {
  leave_job(hub_.base_url(), MovedBranch::fail);
  note_head();
  EXPECT_EQ(resume({"--dry-run"}).exit_code, 0);
  client_.create_commit(repo_, {CommitOperationAdd::from_bytes("notes.txt", "theirs")},
                        {.commit_message = "by hand"});
  const Finished dry = resume({"--dry-run"});
  EXPECT_EQ(dry.exit_code, 1);
  EXPECT_NE(dry.errors.find("lets it go on top of commit "), std::string::npos) << dry.errors;
  EXPECT_EQ(resume({"--dry-run", "--on-top"}).exit_code, 0);
  EXPECT_EQ(resume().exit_code, 1);
  EXPECT_EQ(titles().back(), "by hand");
}

TEST_F(PushCommandDryRun, TakesTheLimitThatIsGiven) {
  save_cut_off({.max_bytes = 11});
  expect_the_same_refusal("more than the 11 that its run allows");
  const Finished dry = resume({"--dry-run", "--max-size", "1KB"});
  EXPECT_EQ(dry.exit_code, 0) << dry.errors;
  EXPECT_NE(dry.output.find("12  model.safetensors"), std::string::npos) << dry.output;
  expect_the_same_refusal("more than the 11 that its run allows");  // it is not remembered
}

TEST_F(PushCommandDryRun, RefusesASaveOfALoopAboveItsRunsLimit) {
  write_file_atomically(folder_ / "run/model.safetensors", "weights of a loop");
  write_file_atomically(folder_ / "run/_unpushed.json",
                        R"({"commit_message": "epoch 1", "step": 5, "replaced": []})");
  journal_.set_target({.endpoint = hub_.base_url(), .repo = repo_, .selection = {.max_bytes = 16}});
  expect_the_same_refusal("has 17 bytes to push, more than the 16 that its run allows");
  EXPECT_EQ(resume({"--max-size", "17"}).exit_code, 0);
  EXPECT_EQ(titles().back(), "epoch 1");
}

TEST_F(PushCommandDryRun, SaysThatANewerSaveIsThere) {
  leave_job(hub_.base_url());
  const PushJob newer{.repo = repo_,
                      .endpoint = hub_.base_url(),
                      .commit_message = "step 6",
                      .step = 6,
                      .snapshot = journal_.new_snapshot()};
  journal_.note_done(newer, client_.repo_info(repo_).sha);
  const Finished dry = resume({"--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.errors;
  EXPECT_NE(dry.output.find("\n  a newer one is there\n"), std::string::npos) << dry.output;
  EXPECT_NE(resume().output.find(": a newer one is there\n"), std::string::npos);
}

TEST_F(PushCommand, LeavesThePushesOfALivingRunAloneAndSaysSo) {
  leave_job(hub_.base_url());
  auto run = journal_.claim();  // as a Trainer does for as long as it lives
  const Finished refused = resume();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find("in the hands of process " + std::to_string(::getpid())),
            std::string::npos)
      << refused.errors;
  EXPECT_EQ(titles(), Names{"initial commit"});
  const Finished looked = resume({"--dry-run"});
  EXPECT_EQ(looked.exit_code, 1);
  EXPECT_EQ(looked.errors, refused.errors);
  EXPECT_NE(looked.output.find("7  model.safetensors"), std::string::npos);  // looking is free
  run.reset();
  EXPECT_EQ(resume().exit_code, 0);
  EXPECT_EQ(titles().back(), "Training in progress, step 5");
}

TEST_F(PushCommand, LeavesNoTraceOfADryRun) {
  leave_job(hub_.base_url());
  write_file_atomically(folder_ / "run/checkpoint-8/model.safetensors", "weights of 8");
  write_file_atomically(folder_ / "run/checkpoint-8/trainer_state.json", "{}");
  write_file_atomically(folder_ / "run/README.md", "# net\n");
  journal_.set_target({.endpoint = hub_.base_url(), .repo = repo_, .handed_over = 5});
  const auto before = testing::everything_in(folder_.path());
  const Finished listed = resume({"--dry-run"});
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
  EXPECT_NE(
      listed.output.find("Training in progress, step 8 -> demo/net (main) at " + hub_.base_url() +
                         "\n"
                         "           6  README.md\n"
                         "          12  model.safetensors\n"),
      std::string::npos)
      << listed.output;
  EXPECT_EQ(testing::everything_in(folder_.path()), before);
  EXPECT_EQ(titles(), Names{"initial commit"});
  EXPECT_EQ(resume().exit_code, 0);
  EXPECT_EQ(titles().back(), "Training in progress, step 8");
}

TEST_F(PushCommand, MakesNoFolderOfItsOwnWhereNothingWasEverPushed) {
  fs::create_directories(folder_ / "run");
  EXPECT_NE(resume().output.find("Nothing is left to push"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(folder_ / "run"));
}

TEST_F(PushCommand, NamesAFolderThatIsNone) {
  const Finished refused =
      testing::run({TORCHHUB_EXECUTABLE, "push", "resume", (folder_ / "none").string()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.errors.find("is not a folder"), std::string::npos) << refused.errors;
}

}  // namespace
}  // namespace torchhub
