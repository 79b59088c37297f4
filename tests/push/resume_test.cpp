#include "torchhub/push/resume.h"

#include "support/everything_in.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using Names = std::vector<std::string>;

/// A folder in which a process was killed.
class Resume : public ::testing::Test {
 protected:
  void save(std::int64_t step) const {
    const fs::path folder = folder_ / checkpoint_name(step);
    write_file_atomically(folder / "model.safetensors", "weights");
    write_file_atomically(folder / "optimizer.pt", "moments");
    write_file_atomically(folder / "trainer_state.json", "{}");
  }
  void handed_over_until(std::int64_t step) const {
    PushTarget target = target_;
    target.handed_over = step;
    journal_.set_target(target);
  }
  /// As a run begins to hand over a save.
  std::vector<PushJob> jobs_of(std::int64_t step) const {
    PushJob first{.repo = target_.repo,
                  .endpoint = target_.endpoint,
                  .commit_message = "step " + std::to_string(step),
                  .step = step,
                  .snapshot = journal_.new_snapshot()};
    return jobs_of_save(std::move(first), journal_, {.folder = folder_ / checkpoint_name(step)},
                        target_, std::nullopt);
  }
  Names messages_left() const {
    Names messages;
    for (const PushJob& job : pushes_left(journal_)) messages.push_back(job.commit_message);
    return messages;
  }

  const TempDir folder_;
  const PushJournal journal_{folder_.path()};
  PushTarget target_{.endpoint = "http://127.0.0.1:1",
                     .repo = {.id = {.owner = "ana", .name = "m"}},
                     .checkpoint = PushedCheckpoint::as_last};
};

TEST_F(Resume, NotesWhatWasHandedOverBeforeItIsPushed) {
  save(4);
  handed_over_until(2);
  journal_.remember(jobs_of(4).front());  // killed before it could note that
  for (const PushJob& job : pushes_left(journal_)) job.snapshot.release();  // as if pushed
  EXPECT_EQ(messages_left(), Names{});  // or the save of step 4 would go up once more
}

TEST_F(Resume, HandsOverASaveThatWasCutOffOnce) {
  save(4);
  handed_over_until(2);
  EXPECT_EQ(messages_left(), Names{"Training in progress, step 4"});
  EXPECT_EQ(messages_left(), Names{"Training in progress, step 4"});  // the same entry
  for (const PushJob& job : pushes_left(journal_)) job.snapshot.release();
  EXPECT_EQ(messages_left(), Names{});
}

TEST_F(Resume, MakesTheSecondCommitThatAKillBetweenTheTwoLeftOut) {
  target_.two_commits = true;
  for (const PushedCheckpoint which :
       {PushedCheckpoint::as_last, PushedCheckpoint::under_its_name}) {
    target_.checkpoint = which;
    const std::int64_t step = which == PushedCheckpoint::as_last ? 4 : 6;
    save(step);
    handed_over_until(step - 2);
    journal_.remember(jobs_of(step).front());
    const std::vector<ListedPush> listed = list_pushes_left(journal_);
    const std::string message = "step " + std::to_string(step);
    EXPECT_EQ(messages_left(), (Names{message, message + ", checkpoint"}));
    const std::vector<PushJob> jobs = pushes_left(journal_);
    ASSERT_EQ(jobs.size(), 2U);
    ASSERT_EQ(listed.size(), 2U) << "a look before anything is made";
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(listed[i].job.commit_message, jobs[i].commit_message);
      Names paths;
      for (const FileToPush& file : listed[i].files) paths.push_back(file.path);
      EXPECT_EQ(paths, jobs[i].snapshot.paths());
    }
    const std::string place =
        which == PushedCheckpoint::as_last ? "last-checkpoint" : "checkpoint-6";
    EXPECT_EQ(jobs[1].snapshot.paths(),
              (Names{place + "/model.safetensors", place + "/optimizer.pt",
                     place + "/trainer_state.json"}));
    EXPECT_EQ(jobs[1].replaced, Names{place + "/*"});
    for (const PushJob& job : jobs) job.snapshot.release();
  }
}

TEST_F(Resume, DoesNotRepeatASecondCommitThatIsOnTheHubAlready) {
  target_.two_commits = true;
  save(4);
  handed_over_until(2);
  {
    const std::vector<PushJob> jobs = jobs_of(4);
    for (const PushJob& job : jobs) journal_.remember(job);
    handed_over_until(4);
    jobs[1].snapshot.release();  // pushed, where the first could not be
  }
  EXPECT_EQ(messages_left(), Names{"step 4"});
}

TEST_F(Resume, MakesTwoCommitsOfASaveThatWasCutOffWhereTheRunDid) {
  target_.two_commits = true;
  save(4);
  handed_over_until(2);
  EXPECT_EQ(messages_left(),
            (Names{"Training in progress, step 4", "Training in progress, step 4, checkpoint"}));
}

TEST_F(Resume, ListsTheSameWithoutATrace) {
  save(2);
  save(4);
  write_file_atomically(folder_ / "README.md", "# m\n");
  write_file_atomically(folder_ / "notes.txt", "mine");
  handed_over_until(0);
  {
    PushJob begun{
        .repo = target_.repo, .commit_message = "rubbish", .snapshot = journal_.new_snapshot()};
    begun.snapshot.add_text("half", "model.safetensors");
    begun.snapshot.keep("{}");
    fs::remove(journal_.folder() / begun.snapshot.name() / "push.json");
  }
  journal_.remember(jobs_of(2).front());
  const auto before = testing::everything_in(folder_.path());
  const std::vector<ListedPush> listed = list_pushes_left(journal_);
  EXPECT_EQ(testing::everything_in(folder_.path()), before);
  const std::vector<PushJob> jobs = pushes_left(journal_);
  ASSERT_EQ(listed.size(), jobs.size());
  ASSERT_EQ(listed.size(), 2U);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(listed[i].job.commit_message, jobs[i].commit_message);
    Names paths;
    for (const FileToPush& file : listed[i].files) {
      paths.push_back(file.path);
      EXPECT_EQ(file.bytes, fs::file_size(jobs[i].snapshot.folder() / file.path));
    }
    EXPECT_EQ(paths, jobs[i].snapshot.paths());
  }
}

}  // namespace
}  // namespace torchhub
