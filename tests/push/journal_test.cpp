#include "torchhub/push/journal.h"

#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/file_lock.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <latch>
#include <thread>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

class Journal : public ::testing::Test {
 protected:
  PushJob job(std::int64_t step) const {
    PushJob made{.repo = {.id = {.owner = "ana", .name = "m"}},
                 .endpoint = "http://127.0.0.1:1",
                 .revision = "trial",
                 .commit_message = fmt::format("step {}", step),
                 .step = step,
                 .snapshot = journal_.new_snapshot(),
                 .replaced = {"model.safetensors"},
                 .droppable = false,
                 .lane = "model",
                 .lasting = {"checkpoint-5/*"},
                 .moved_branch = MovedBranch::fail,
                 .card_keys = {"license"}};
    made.snapshot.add_text("weights", "model.safetensors");
    return made;
  }
  /// As a process leaves it that is killed after it handed the job over.
  void leave(std::int64_t step) const { journal_.remember(job(step)); }

  std::vector<std::int64_t> steps_left() const {
    std::vector<std::int64_t> steps;
    for (const PushJob& left : journal_.unfinished()) steps.push_back(left.step);
    return steps;
  }

  const TempDir folder_;
  const PushJournal journal_{folder_.path()};
};

TEST_F(Journal, GivesAJobBackAsItWas) {
  leave(7);
  const std::vector<PushJob> left = journal_.unfinished();
  ASSERT_EQ(left.size(), 1U);
  const PushJob& read = left.front();
  const PushJob wrote = job(7);
  EXPECT_EQ(read.repo, wrote.repo);
  EXPECT_EQ(read.endpoint, wrote.endpoint);
  EXPECT_EQ(read.revision, wrote.revision);
  EXPECT_EQ(read.commit_message, wrote.commit_message);
  EXPECT_EQ(read.step, 7);
  EXPECT_EQ(read.replaced, wrote.replaced);
  EXPECT_EQ(read.droppable, wrote.droppable);
  EXPECT_EQ(read.lane, wrote.lane);
  EXPECT_EQ(read.lasting, wrote.lasting);
  EXPECT_EQ(read.moved_branch, wrote.moved_branch);
  EXPECT_EQ(read.card_keys, wrote.card_keys);
  EXPECT_TRUE(read.is_left);
  EXPECT_EQ(read_file(read.snapshot.folder() / "model.safetensors"), "weights");
}

TEST_F(Journal, KeepsTheOrderInWhichJobsWereHandedOver) {
  for (const std::int64_t step : {30, 10, 20}) leave(step);
  EXPECT_EQ(steps_left(), (std::vector<std::int64_t>{30, 10, 20}));
}

TEST_F(Journal, CountsOnWhenAllEarlierJobsAreGone) {
  const std::string first = [&] {
    const PushJob done = job(1);
    journal_.note_done(done, "c0ffee");
    return done.snapshot.name();
  }();
  EXPECT_TRUE(journal_.unfinished().empty());
  const auto number = [](const std::string& name) { return name.substr(0, name.find('-')); };
  EXPECT_LT(number(first), number(job(2).snapshot.name()));
}

TEST_F(Journal, ForgetsAJobWhoseSnapshotIsReleased) {
  leave(1);
  journal_.unfinished().front().snapshot.release();
  EXPECT_TRUE(steps_left().empty());
  EXPECT_TRUE(fs::is_empty(journal_.folder()));
}

TEST_F(Journal, RemovesWhatWasNeverHandedOver) {
  {
    Snapshot begun = journal_.new_snapshot();
    begun.add_text("half", "model.safetensors");
    begun.keep("{}");
    fs::remove(journal_.folder() / begun.name() / "push.json");  // killed before it was written
  }
  EXPECT_FALSE(fs::is_empty(journal_.folder()));
  EXPECT_TRUE(journal_.unfinished().empty());
  EXPECT_TRUE(fs::is_empty(journal_.folder()));
}

TEST_F(Journal, LeavesJobsAloneThatAnotherProcessIsAt) {
  const PushJob mine = job(3);
  journal_.remember(mine);
  EXPECT_TRUE(steps_left().empty());  // its entry is locked, as by another process
  EXPECT_TRUE(fs::exists(mine.snapshot.folder() / "model.safetensors"));
  mine.snapshot.release();
}

TEST_F(Journal, PassesOverANoteThatItCannotReadAndKeepsIt) {
  leave(1);
  leave(2);
  for (const auto& entry : fs::directory_iterator(journal_.folder())) {
    if (entry.path().filename().string().starts_with("00000001")) {
      write_file_atomically(entry.path() / "push.json", "{\"version\": 1, \"repo");
    }
  }
  EXPECT_EQ(steps_left(), std::vector<std::int64_t>{2});
  EXPECT_EQ(steps_left(), std::vector<std::int64_t>{2});
}

TEST_F(Journal, KnowsWhichJobOfALaneHasArrived) {
  const PushJob older = job(1);
  const PushJob newer = job(2);
  PushJob beside = job(1);
  beside.lane = "another";
  EXPECT_FALSE(journal_.last_push().has_overtaken(older));
  journal_.note_done(newer, "c0ffee");
  EXPECT_TRUE(journal_.last_push().has_overtaken(older));
  EXPECT_FALSE(journal_.last_push().has_overtaken(newer));
  EXPECT_FALSE(journal_.last_push().has_overtaken(beside));
  EXPECT_EQ(journal_.last_push().head_of(older), "c0ffee");
  PushJob elsewhere = job(1);
  elsewhere.revision = "another";
  EXPECT_EQ(journal_.last_push().head_of(elsewhere), "");
  journal_.note_done(older, "facade");  // late, and no newer for it
  EXPECT_TRUE(journal_.last_push().has_overtaken(older));
}

TEST_F(Journal, CountsOnThoughAllEntriesAreGone) {
  std::string before;
  for (int i = 0; i < 3; ++i) {
    const Snapshot refused = journal_.new_snapshot();  // goes at once, and no push has arrived
    EXPECT_GT(refused.name(), before);
    before = refused.name();
  }
}

TEST_F(Journal, KeepsItsTarget) {
  EXPECT_FALSE(journal_.target().has_value());
  journal_.set_target({.endpoint = "http://127.0.0.1:1",
                       .repo = {.id = {.owner = "ana", .name = "m"}, .type = RepoType::dataset},
                       .revision = "trial",
                       .pushes_saves = false,
                       .checkpoint = PushedCheckpoint::under_its_name,
                       .progress_unit = ProgressUnit::epoch_and_step,
                       .handed_over = 12,
                       .known = {{4, "four"}, {8, "eight"}}});
  const PushTarget read = journal_.target().value();
  EXPECT_EQ(read.endpoint, "http://127.0.0.1:1");
  EXPECT_EQ(read.repo.web_path(), "datasets/ana/m");
  EXPECT_EQ(read.revision, "trial");
  EXPECT_FALSE(read.pushes_saves);
  EXPECT_EQ(read.checkpoint, PushedCheckpoint::under_its_name);
  EXPECT_EQ(read.progress_unit, ProgressUnit::epoch_and_step);
  EXPECT_EQ(read.handed_over, 12);
  EXPECT_EQ(read.known, (std::map<std::int64_t, std::string>{{4, "four"}, {8, "eight"}}));
}

TEST_F(Journal, NamesAFileOfItsOwnThatIsDamagedOrFromTheFuture) {
  const fs::path file = journal_.folder() / "target.json";
  for (const char* text : {"", "[]", "{}", "{\"version\": 1}", "{\"version\": 99}"}) {
    SCOPED_TRACE(text);
    write_file_atomically(file, text);
    try {
      journal_.target();
      FAIL();
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
    }
  }
}

/// Of a folder's pushes. A lock that was not taken through the journal is another process's.
class JournalClaim : public Journal {
 protected:
  ~JournalClaim() override { log::set_sink({}); }
  std::unique_ptr<FileLock> of_another_process() const {
    return std::make_unique<FileLock>(journal_.folder() / "lock");
  }
};

TEST_F(JournalClaim, IsSharedWithinAProcessAndEndsWithItsLastCopy) {
  auto first = journal_.claim();
  auto second = PushJournal(folder_ / "." / "").claim();
  first.reset();
  EXPECT_THROW(FileLock(journal_.folder() / "lock", {}), FileLockTimeoutError);
  second.reset();
  EXPECT_NO_THROW(of_another_process());
}

TEST_F(JournalClaim, NamesWhoHasItAndTheFolder) {
  const auto other = of_another_process();
  std::ofstream(journal_.folder() / "lock") << "4711\n";
  const std::string message = testing::message_of<PushesTakenError>([&] { journal_.claim(); });
  EXPECT_NE(message.find("process 4711"), std::string::npos) << message;
  EXPECT_NE(message.find(folder_.path().string()), std::string::npos) << message;
}

TEST_F(JournalClaim, IsLookedForWithoutATrace) {
  EXPECT_NO_THROW(journal_.require_free());
  EXPECT_FALSE(std::filesystem::exists(journal_.folder()));
  auto other = of_another_process();
  EXPECT_THROW(journal_.require_free(), PushesTakenError);
  other.reset();
  const auto mine = journal_.claim();
  EXPECT_NO_THROW(journal_.require_free());
}

TEST_F(JournalClaim, WaitsForTheOtherProcessToEnd) {
  auto other = of_another_process();
  std::latch is_waiting(1);
  log::set_sink([&](log::Level, std::string_view line) {
    if (line.find("waiting_for_another_pusher") != std::string_view::npos) is_waiting.count_down();
  });
  std::jthread ends([&] {
    is_waiting.wait();
    other.reset();
  });
  EXPECT_NE(journal_.claim(std::chrono::minutes(5)), nullptr);
}

}  // namespace
}  // namespace torchhub
