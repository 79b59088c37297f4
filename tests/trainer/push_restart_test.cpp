// Kills at the moments between two notes of the journal: what the next start makes of what is
// there.
#include "support/commit_titles.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/file_lock.h"
#include "torchhub/push/journal.h"
#include "torchhub/push/resume.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/torchhub.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <atomic>

namespace torchhub {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using Names = std::vector<std::string>;

/// Tells of each commit before it is sent.
class BeforeCommits final : public Transport {
 public:
  Response send(const Request& request, std::stop_token stop) override {
    if (request.url.find("/commit/") != std::string::npos && action) action();
    return inner_->send(request, std::move(stop));
  }
  std::function<void()> action;

 private:
  std::shared_ptr<Transport> inner_ = make_curl_transport();
};

/// A run that pushed the save of step 2, and was killed when that of step 4 was complete and not
/// handed over.
class PushRestart : public ::testing::Test {
 protected:
  void be_killed_after_a_save(SaveCommits commits = SaveCommits::one) {
    commits_ = commits;
    run_until(2, true);
    run_until(4, false);
    ASSERT_EQ(target().handed_over, 2);
    ASSERT_TRUE(target().pushes_saves);
  }
  TrainerOptions options(std::int64_t max_steps, bool pushes = true) const {
    return {.model = testing::tiny_model(),
            .args = {.output_dir = folder_ / "tiny",
                     .max_steps = max_steps,
                     .disable_tqdm = true,
                     .save_steps = 2,
                     .push_to_hub = pushes,
                     .hub_strategy = HubStrategy::checkpoint,
                     .hub_always_push = true},
            .train_dataset = testing::tiny_dataset(16),
            .hub = hub_options_,
            .save_commits = commits_};
  }
  void run_until(std::int64_t max_steps, bool pushes) const {
    TrainOptions how;
    if (max_steps > 2) how.resume_from_checkpoint = "last";
    Trainer(options(max_steps, pushes)).train(how);
  }
  PushTarget target() const { return journal_.target().value(); }
  /// As it hands over the save of step 4.
  std::vector<PushJob> jobs_of_step_4() const {
    PushJob first{.repo = target().repo,
                  .endpoint = target().endpoint,
                  .commit_message = "Training in progress, step 4",
                  .step = 4,
                  .snapshot = journal_.new_snapshot()};
    return jobs_of_save(std::move(first), journal_, {.folder = folder_ / "tiny/checkpoint-4"},
                        target(), read_file(folder_ / "tiny/README.md"));
  }
  Names titles() const {
    return testing::commit_titles(HubClient(hub_options_), {.id = RepoId::parse("demo/tiny")});
  }

  const TempDir folder_;
  const testing::LocalHub hub_;
  const std::shared_ptr<BeforeCommits> transport_ = std::make_shared<BeforeCommits>();
  const HubOptions hub_options_{.endpoint = hub_.base_url(),
                                .token = hub_.token(),
                                .cache_dir = folder_ / "cache",
                                .transport = transport_};
  const PushJournal journal_{folder_ / "tiny"};
  SaveCommits commits_ = SaveCommits::one;
};

TEST_F(PushRestart, HasNotedWhatIsLeftBeforeItCanBeOnTheHub) {
  be_killed_after_a_save();
  journal_.remember(jobs_of_step_4().front());  // killed before it noted that
  std::atomic<std::int64_t> noted = -1;
  transport_->action = [&] { noted = target().handed_over; };
  Trainer trainer(options(6));
  while (noted < 0) std::this_thread::yield();
  EXPECT_EQ(noted, 4);  // a process killed now must not hand it over once more
}

TEST_F(PushRestart, MakesBothCommitsOfASaveWhoseSecondWasNotNoted) {
  be_killed_after_a_save(SaveCommits::two);
  journal_.remember(jobs_of_step_4().front());
  run_until(6, true);
  EXPECT_EQ(titles(),
            (Names{"initial commit", "Training in progress, step 2",
                   "Training in progress, step 2, checkpoint", "Training in progress, step 4",
                   "Training in progress, step 4, checkpoint", "Training in progress, step 6",
                   "Training in progress, step 6, checkpoint"}));
}

TEST_F(PushRestart, MakesBothCommitsOnceWhereBothWereNoted) {
  be_killed_after_a_save(SaveCommits::two);
  for (const PushJob& job : jobs_of_step_4()) journal_.remember(job);
  run_until(4, true);
  EXPECT_EQ(titles(),
            (Names{"initial commit", "Training in progress, step 2",
                   "Training in progress, step 2, checkpoint", "Training in progress, step 4",
                   "Training in progress, step 4, checkpoint"}));
}

TEST_F(PushRestart, DoesNotBeginBesideAnotherProcessThatPushesFromItsFolder) {
  be_killed_after_a_save();
  const FileLock push_resume(journal_.folder() / "lock");  // not through the journal: another's
  PushToHubCallback pusher({.output_dir = folder_ / "tiny",
                            .hub = hub_options_,
                            .other_process_wait = std::chrono::milliseconds(1)});
  EXPECT_THROW(pusher.begin(), PushesTakenError);
  EXPECT_EQ(target().handed_over, 2);
  EXPECT_EQ(titles().back(), "Training in progress, step 2");
}

TEST_F(PushRestart, KeepsCopiesOfLargeFilesWhileItRunsAndNoLonger) {
  write_file_atomically(folder_ / "tiny/data.bin", std::string(1 << 20, 'a'));
  fs::last_write_time(folder_ / "tiny/data.bin",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  {
    Trainer trainer(options(4));
    EXPECT_TRUE(trainer.train().pushed_all());
    EXPECT_EQ(std::distance(fs::directory_iterator(journal_.copies()), {}), 1);
  }
  EXPECT_FALSE(fs::exists(journal_.copies()));
  EXPECT_TRUE(HubClient(hub_options_).file_exists({.id = RepoId::parse("demo/tiny")}, "data.bin"));
}

}  // namespace
}  // namespace torchhub
