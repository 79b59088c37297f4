// What of a run's saves goes up where the run selects, and what is refused for its size.
#include "torchhub/push/save_selection.h"

#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/push/resume.h"
#include "torchhub/push/saved_files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::message_of;
using testing::TempDir;
using Names = std::vector<std::string>;

/// A run with one save, of step 4, and files of its own beside it.
class SelectionOfSaves : public ::testing::Test {
 protected:
  void SetUp() override {
    write("checkpoint-4/model.safetensors", "weights");     // 7 bytes
    write("checkpoint-4/config.json", "{}");                // 2
    write("checkpoint-4/optimizer.pt", "moments of both");  // 15
    write("checkpoint-4/trainer_state.json", "{}");         // 2
    write("runs/events", "ev");                             // 2
    write("data/rows.bin", std::string(100, 'x'));
  }

  void write(const std::string& path, const std::string& text) const {
    write_file_atomically(folder_ / path, text);
  }

  PushJob first() const {
    return {.repo = target_.repo,
            .endpoint = target_.endpoint,
            .commit_message = "step 4",
            .step = 4,
            .snapshot = journal_.new_snapshot()};
  }
  std::vector<PushJob> jobs(const std::optional<std::string>& card = std::nullopt) const {
    return jobs_of_save(first(), journal_, checkpoint_, target_, card);
  }
  PushPlan plan(const std::optional<std::string>& card = std::nullopt) const {
    return plan_save(folder_.path(), checkpoint_, target_, card);
  }
  Names paths_left() const {
    Names paths;
    for (const PushJob& job : pushes_left(journal_)) {
      const Names more = job.snapshot.paths();
      paths.insert(paths.end(), more.begin(), more.end());
    }
    return paths;
  }
  /// Nothing of a job, begun or whole.
  bool journal_is_empty() const {
    std::error_code none;
    const auto entries = fs::directory_iterator(journal_.folder(), none);
    return std::none_of(begin(entries), end(entries),
                        [](const auto& entry) { return entry.is_directory(); });
  }

  const TempDir folder_;
  const PushJournal journal_{folder_.path()};
  const CheckpointFiles checkpoint_{.folder = folder_ / "checkpoint-4"};
  PushTarget target_{.endpoint = "http://127.0.0.1:1",
                     .repo = {.id = {.owner = "ana", .name = "m"}},
                     .checkpoint = PushedCheckpoint::as_last};
};

TEST_F(SelectionOfSaves, TakesAllUnlessTheRunSaysOtherwise) {
  EXPECT_EQ(jobs("# m").front().snapshot.paths(),
            (Names{"README.md", "config.json", "data/rows.bin", "last-checkpoint/config.json",
                   "last-checkpoint/model.safetensors", "last-checkpoint/optimizer.pt",
                   "last-checkpoint/trainer_state.json", "model.safetensors", "runs/events"}));
}

TEST_F(SelectionOfSaves, FiltersTheRootAndTheCheckpointEachByItsOwnPaths) {
  target_.selection.root.ignore = {"data/"};
  target_.selection.checkpoint.ignore = {"optimizer.pt"};
  const PushJob job = jobs("# m").front();
  EXPECT_EQ(job.snapshot.paths(),
            (Names{"README.md", "config.json", "last-checkpoint/config.json",
                   "last-checkpoint/model.safetensors", "last-checkpoint/trainer_state.json",
                   "model.safetensors", "runs/events"}));
  // What an earlier run had pushed of it is of another step.
  EXPECT_EQ(std::count(job.replaced.begin(), job.replaced.end(), "last-checkpoint/*"), 1);
}

TEST_F(SelectionOfSaves, AllowsOnlyWhatIsNamedAndNeverWhatIsOurs) {
  write("_torchhub/generated-card.json", "ours");
  write("training_args.bin", "Python's, with a token");
  target_.selection.root.allow = {"*.json", "*.md", "*.bin"};
  target_.checkpoint = PushedCheckpoint::none;
  EXPECT_EQ(jobs("# m").front().snapshot.paths(),
            (Names{"README.md", "config.json", "data/rows.bin"}));
}

TEST_F(SelectionOfSaves, LeavesTheCardOnTheHubAloneWhereItIsLeftOut) {
  target_.selection.root.ignore = {"README.md"};
  const Names paths = jobs("# m").front().snapshot.paths();
  EXPECT_EQ(std::count(paths.begin(), paths.end(), "README.md"), 0);
}

TEST_F(SelectionOfSaves, DeletesNoWeightsOnTheHubForWantOfThoseThatItLeavesOut) {
  target_.checkpoint = PushedCheckpoint::none;
  EXPECT_FALSE(jobs().front().replaced.empty());
  target_.selection.root.ignore = {"*.safetensors"};
  EXPECT_TRUE(jobs().front().replaced.empty());
}

TEST_F(SelectionOfSaves, HoldsForBothCommitsOfASaveThatHasTwo) {
  target_.two_commits = true;
  target_.selection.root.allow = {"config.json"};
  target_.selection.checkpoint.allow = {"model.safetensors"};
  const std::vector<PushJob> two = jobs();
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].snapshot.paths(), Names{"config.json"});
  EXPECT_EQ(two[1].snapshot.paths(), Names{"last-checkpoint/model.safetensors"});
}

TEST_F(SelectionOfSaves, SaysWhereItTakesNothing) {
  target_.selection.root.allow = target_.selection.checkpoint.allow = {"*.onnx"};
  const std::string message = message_of<InvalidArgumentError>([&] { jobs(); });
  EXPECT_NE(message.find("checkpoint-4' holds no file to push. Look at the patterns"),
            std::string::npos)
      << message;
}

TEST_F(SelectionOfSaves, IsListedByAPlanThatWritesNothing) {
  target_.selection.root.ignore = {"data/"};
  const PushPlan plan = this->plan("# m");
  EXPECT_EQ(plan.repo_id, "ana/m");
  EXPECT_EQ(plan.revision, "main");
  EXPECT_EQ(plan.files, (std::vector<FileToPush>{{"README.md", 3},
                                                 {"config.json", 2},
                                                 {"last-checkpoint/config.json", 2},
                                                 {"last-checkpoint/model.safetensors", 7},
                                                 {"last-checkpoint/optimizer.pt", 15},
                                                 {"last-checkpoint/trainer_state.json", 2},
                                                 {"model.safetensors", 7},
                                                 {"runs/events", 2}}));
  EXPECT_EQ(plan.bytes, 3U + 2 + 7 + 15 + 2 + 2);  // the model travels once
  EXPECT_FALSE(fs::exists(folder_ / "_torchhub"));
  Names listed;
  for (const FileToPush& file : plan.files) listed.push_back(file.path);
  EXPECT_EQ(listed, jobs("# m").front().snapshot.paths());
}

TEST_F(SelectionOfSaves, CanBePlannedBeforeThereIsASave) {
  fs::remove_all(checkpoint_.folder);
  const PushPlan plan = plan_save(folder_.path(), {.folder = {}}, target_, std::nullopt);
  EXPECT_EQ(plan.files, (std::vector<FileToPush>{{"data/rows.bin", 100}, {"runs/events", 2}}));
}

TEST_F(SelectionOfSaves, RefusesASaveAboveItsLimitBeforeAFileIsCopied) {
  target_.selection.max_bytes = 127;
  const std::string message = message_of<PushTooLargeError>([&] { jobs(); });
  EXPECT_EQ(message,
            fmt::format("The save '{}' has 128 bytes to push, more than the 127 of max_bytes; "
                        "nothing was pushed. Its largest files: 'data/rows.bin' (100), "
                        "'last-checkpoint/optimizer.pt' (15), 'last-checkpoint/model.safetensors' "
                        "(7), 'model.safetensors' (7), 'config.json' (2). Leave files out with the "
                        "filter, or allow more.",
                        checkpoint_.folder.string()));
  EXPECT_TRUE(journal_is_empty());
  target_.selection.max_bytes = 128;
  EXPECT_EQ(jobs().size(), 1U);
}

TEST_F(SelectionOfSaves, RefusesAModelAloneTheSameWay) {
  PushJob job = first();
  EXPECT_THROW(
      add_save(job, folder_.path(), checkpoint_, PushedCheckpoint::none, "# m", {.max_bytes = 113}),
      PushTooLargeError);
  EXPECT_TRUE(job.snapshot.paths().empty());
  EXPECT_NO_THROW(add_save(job, folder_.path(), checkpoint_, PushedCheckpoint::none, "# m",
                           {.max_bytes = 114}));
}

TEST_F(SelectionOfSaves, CountsTheCardAndOnlyWhatIsSelected) {
  target_.checkpoint = PushedCheckpoint::none;
  target_.selection = {.root = {.ignore = {"data/"}}, .max_bytes = 14};
  EXPECT_NO_THROW(jobs("# m"));  // 7 + 2 + 2 + 3
  EXPECT_THROW(jobs("# mm"), PushTooLargeError);
}

TEST_F(SelectionOfSaves, HoldsForAWholeFolderTheSameWay) {
  write("model.safetensors", "weights");
  PushJob job = first();
  add_output_folder(job, folder_.path(), "# m", {.root = {.ignore = {"data/", "README.md"}}});
  EXPECT_EQ(job.snapshot.paths(), (Names{"model.safetensors", "runs/events"}));
  EXPECT_FALSE(job.replaced.empty());
  PushJob without = first();
  add_output_folder(without, folder_.path(), std::nullopt, {.root = {.ignore = {"model*"}}});
  EXPECT_TRUE(without.replaced.empty());
  PushJob large = first();
  EXPECT_THROW(add_output_folder(large, folder_.path(), "# m", {.max_bytes = 111}),
               PushTooLargeError);
  EXPECT_TRUE(large.snapshot.paths().empty());
  EXPECT_NO_THROW(add_output_folder(large, folder_.path(), "# m", {.max_bytes = 112}));
}

TEST_F(SelectionOfSaves, IsRememberedByTheJournal) {
  target_.selection = {.root = {.allow = {"*.json"}, .ignore = {"a*"}},
                       .checkpoint = {.allow = {"m*"}, .ignore = {"o*"}},
                       .max_bytes = 5'000'000'000};
  journal_.set_target(target_);
  const SaveSelection read = journal_.target()->selection;
  EXPECT_EQ(read.root.allow, Names{"*.json"});
  EXPECT_EQ(read.root.ignore, Names{"a*"});
  EXPECT_EQ(read.checkpoint.allow, Names{"m*"});
  EXPECT_EQ(read.checkpoint.ignore, Names{"o*"});
  EXPECT_EQ(read.max_bytes, 5'000'000'000U);
}

TEST_F(SelectionOfSaves, IsAllInAJournalThatIsOlderThanIt) {
  write("_torchhub/pushes/target.json", R"({"version": 1, "endpoint": "http://127.0.0.1:1",
    "repo_type": "model", "repo_id": "ana/m", "revision": "main", "pushes_saves": true,
    "checkpoint": "none", "progress_unit": "step", "handed_over": 2, "known": []})");
  const SaveSelection read = journal_.target()->selection;
  EXPECT_TRUE(read.root.takes("anything"));
  EXPECT_TRUE(read.checkpoint.takes("anything"));
  EXPECT_EQ(read.max_bytes, std::nullopt);
}

TEST_F(SelectionOfSaves, HoldsForASaveThatAKillCutOff) {
  target_.selection = {.root = {.allow = {"config.json"}},
                       .checkpoint = {.ignore = {"*.pt", "*.json"}}};
  journal_.set_target(target_);
  EXPECT_EQ(
      list_pushes_left(journal_).front().files,
      (std::vector<FileToPush>{{"config.json", 2}, {"last-checkpoint/model.safetensors", 7}}));
  EXPECT_EQ(paths_left(), (Names{"config.json", "last-checkpoint/model.safetensors"}));
}

TEST_F(SelectionOfSaves, HoldsForTheSecondCommitThatAKillLeftOut) {
  target_.two_commits = true;
  target_.selection.checkpoint.allow = {"*.pt"};
  journal_.set_target(target_);
  journal_.remember(jobs().front());
  const std::vector<PushJob> left = pushes_left(journal_);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[1].snapshot.paths(), Names{"last-checkpoint/optimizer.pt"});
}

TEST_F(SelectionOfSaves, KeepsARefusedSaveForALargerLimitAndLetsTheOthersGo) {
  {
    PushJob earlier = first();
    earlier.step = 2;
    earlier.commit_message = "step 2";
    earlier.snapshot.add_text("weights of 2", "model.safetensors");
    journal_.remember(earlier);
  }
  target_.selection.max_bytes = 127;
  journal_.set_target(target_);
  EXPECT_EQ(list_pushes_left(journal_).size(), 1U);
  EXPECT_NE(refused_save(journal_)->find("has 128 bytes to push"), std::string::npos);
  EXPECT_EQ(pushes_left(journal_).size(), 1U);
  EXPECT_NE(refused_save(journal_), std::nullopt);  // it is not taken for handed over
  PushTarget more = *journal_.target();
  more.selection.max_bytes = 128;
  journal_.set_target(more);
  EXPECT_EQ(refused_save(journal_), std::nullopt);
  EXPECT_EQ(pushes_left(journal_).size(), 2U);
}

}  // namespace
}  // namespace torchhub
