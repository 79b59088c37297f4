#include "torchhub/push/resume.h"

#include "push/fingerprints.h"
#include "push/loop_output.h"
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

TEST_F(Resume, LeavesAloneWhatAnOlderRunSaved) {
  save(4);
  save(8);
  target_.known = fingerprints_in(folder_.path());
  handed_over_until(0);
  EXPECT_EQ(messages_left(), Names{});
  const TempDir elsewhere;
  fs::copy(folder_.path(), elsewhere / "copy", fs::copy_options::recursive);
  EXPECT_TRUE(pushes_left(PushJournal(elsewhere / "copy")).empty());
}

TEST_F(Resume, HandsOverASaveThatTookThePlaceOfAnOlderRuns) {
  save(4);
  save(8);
  target_.known = fingerprints_in(folder_.path());
  handed_over_until(2);
  write_file_atomically(folder_ / checkpoint_name(4) / "model.safetensors", "others");
  EXPECT_EQ(messages_left(), Names{"Training in progress, step 4"});
}

/// A hand-written loop that was killed when its save was complete.
class ResumeOfALoop : public Resume {
 protected:
  void save_of_a_loop(const fs::path& folder) const {
    target_of_loop();
    write_file_atomically(folder / "model.safetensors", "weights");
    write_file_atomically(folder / "checkpoint/optimizer.pt", "moments");
    note_loop_save(
        {.commit_message = "Training in progress epoch 2", .step = 6, .replaced = {"checkpoint/*"}},
        folder);
  }
  /// As a process does that is killed before it can take the note away.
  void remember_its_job() const {
    journal_.remember({.repo = target_.repo,
                       .endpoint = target_.endpoint,
                       .commit_message = "Training in progress epoch 2",
                       .step = 6,
                       .snapshot = journal_.new_snapshot()});
  }
  void target_of_loop() const {
    PushTarget target = target_;
    target.pushes_saves = false;
    journal_.set_target(target);
  }
  const Names files_{"checkpoint/optimizer.pt", "model.safetensors"};
};

TEST_F(ResumeOfALoop, HandsOverItsSaveOnce) {
  for (const fs::path& folder : {folder_.path(), saved_loop_model(folder_.path())}) {
    SCOPED_TRACE(folder);  // in its place, or on its way there
    save_of_a_loop(folder);
    const std::vector<ListedPush> listed = list_pushes_left(journal_);
    ASSERT_EQ(listed.size(), 1U);
    Names paths;
    for (const FileToPush& file : listed[0].files) paths.push_back(file.path);
    EXPECT_EQ(paths, files_);
    {
      const std::vector<PushJob> jobs = pushes_left(journal_);
      ASSERT_EQ(jobs.size(), 1U);
      EXPECT_EQ(jobs[0].commit_message, "Training in progress epoch 2");
      EXPECT_EQ(jobs[0].step, 6);
      EXPECT_EQ(jobs[0].snapshot.paths(), files_);
      EXPECT_EQ(jobs[0].replaced.back(), "checkpoint/*");
      EXPECT_EQ(read_file(folder_ / "model.safetensors"), "weights");
      jobs[0].snapshot.release();
    }
    EXPECT_EQ(messages_left(), Names{});
  }
}

TEST_F(ResumeOfALoop, DoesNotHandOverTwiceWhatIsInTheJournal) {
  save_of_a_loop(folder_.path());
  remember_its_job();
  EXPECT_EQ(messages_left(), Names{"Training in progress epoch 2"});
}

TEST_F(ResumeOfALoop, SaysNothingOfADamagedNote) {
  target_of_loop();
  write_file_atomically(folder_ / "_unpushed.json", "{\"commit_message\": 3}");
  EXPECT_EQ(messages_left(), Names{});
}

TEST_F(ResumeOfALoop, KeepsWeightsThatWereInPlaceWhenItsProcessWasKilled) {
  const fs::path saved = saved_loop_model(folder_.path());
  save_of_a_loop(saved);
  write_file_atomically(saved / "config.json", "{}");
  write_file_atomically(folder_ / "model-00001-of-00002.safetensors", "of an older save");
  fs::create_hard_link(saved / "model.safetensors", folder_ / "model.safetensors");  // so far
  finish_loop_save(folder_.path());
  EXPECT_EQ(read_file(folder_ / "model.safetensors"), "weights");
  EXPECT_EQ(read_file(folder_ / "config.json"), "{}");
  EXPECT_FALSE(fs::exists(folder_ / "model-00001-of-00002.safetensors"));
  EXPECT_FALSE(fs::exists(saved));
}

TEST_F(ResumeOfALoop, ForgetsTheNoteOfASaveThatIsInTheJournal) {
  save_of_a_loop(folder_.path());
  remember_its_job();
  for (const PushJob& job : pushes_left(journal_)) job.snapshot.release();
  write_file_atomically(folder_ / "model.safetensors", "of the next save, not complete yet");
  EXPECT_EQ(messages_left(), Names{});
}

TEST_F(Resume, LeavesACardOutThatAHubWouldRefuse) {
  save(4);
  handed_over_until(2);
  write_file_atomically(folder_ / "README.md", "---\ntags: [\n---\n# Mine\n");
  const std::vector<PushJob> jobs = pushes_left(journal_);
  ASSERT_EQ(jobs.size(), 1U);
  const Names paths = jobs[0].snapshot.paths();
  EXPECT_EQ(std::count(paths.begin(), paths.end(), "README.md"), 0);
  EXPECT_FALSE(jobs[0].card_problem.empty());
}

TEST_F(Resume, GivesASaveThatWasCutOffTheCardModeOfItsRun) {
  save(4);
  target_.card_keys = {"license"};
  target_.overwrites_card = true;
  handed_over_until(2);
  const std::vector<PushJob> jobs = pushes_left(journal_);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].card_keys, Names{"license"});
  EXPECT_TRUE(jobs[0].overwrites_card);
}

}  // namespace
}  // namespace torchhub
