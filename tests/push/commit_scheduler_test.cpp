#include "torchhub/push/commit_scheduler.h"

#include "support/ill_transport.h"
#include "support/local_hub.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>

namespace torchhub {
namespace {

using testing::LocalHub;
using testing::message_of;
using testing::TempDir;
using Names = std::vector<std::string>;

/// A sleep lasts until the test lets one pass.
class HeldClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override { return {}; }
  std::chrono::steady_clock::time_point steady_now() const override { return {}; }
  bool sleep_for(std::chrono::milliseconds time, std::stop_token stop) const override {
    std::unique_lock lock(mutex_);
    asked_ = time;
    changed_.wait(lock, stop, [&] { return passes_ > 0; });
    if (stop.stop_requested()) return false;
    --passes_;
    return true;
  }
  void let_one_pass() {
    const std::lock_guard lock(mutex_);
    ++passes_;
    changed_.notify_all();
  }
  std::chrono::milliseconds asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  mutable int passes_ = 0;
  mutable std::chrono::milliseconds asked_{0};
};

class CommitSchedule : public ::testing::Test {
 protected:
  CommitSchedulerOptions options() {
    return {.folder_path = folder_ / "logs",
            .repo_id = "demo/logs",
            .on_commit = [this](const ScheduledCommit& commit) { tell(commit); },
            .clock = clock_};
  }

  /// The next that the scheduler told of.
  ScheduledCommit next() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [&] { return !commits_.empty(); });
    ScheduledCommit first = commits_.front();
    commits_.pop_front();
    return first;
  }

  void append(const std::string& name, const std::string& text) const {
    append_to_file(folder_ / "logs" / name, text);
  }
  std::string on_hub(const std::string& path, const std::string& revision = "main") const {
    return read_file(client_.hub_download(repo_, path, {.revision = revision}));
  }
  std::size_t commits(const std::string& revision = "main") const {
    return client_.list_repo_commits(repo_, revision).size() - 1;
  }

  const TempDir folder_;
  LocalHub hub_;
  const HubClient client_{{.endpoint = hub_.base_url(),
                           .token = hub_.token(),
                           .cache_dir = folder_ / "cache",
                           .retry = {.max_retries = 0}}};
  const Repo repo_{.id = {.owner = "demo", .name = "logs"}};
  const std::shared_ptr<HeldClock> clock_ = std::make_shared<HeldClock>();

 private:
  void tell(const ScheduledCommit& commit) {
    const std::lock_guard lock(mutex_);
    commits_.push_back(commit);
    told_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable told_;
  std::deque<ScheduledCommit> commits_;  // guarded by mutex_
};

TEST_F(CommitSchedule, CommitsWhatChangedEachTimeTheClockAllows) {
  append("a.jsonl", "1\n");
  append("b.jsonl", "1\n");
  CommitScheduler scheduler(client_, options());
  clock_->let_one_pass();
  EXPECT_EQ(next().files, 2U);
  append("a.jsonl", "2\n");
  clock_->let_one_pass();
  const ScheduledCommit second = next();
  EXPECT_EQ(second.files, 1U);
  EXPECT_EQ(second.commit->commit_message, "Scheduled Commit");
  EXPECT_EQ(on_hub("a.jsonl"), "1\n2\n");
  EXPECT_EQ(on_hub("b.jsonl"), "1\n");
  EXPECT_EQ(commits(), 2U);
  EXPECT_EQ(clock_->asked(), std::chrono::minutes(5));
}

TEST_F(CommitSchedule, MakesNoCommitWhereNothingChanged) {
  append("a.jsonl", "1\n");
  CommitScheduler scheduler(client_, options());
  EXPECT_EQ(scheduler.trigger().files, 1U);
  const ScheduledCommit again = scheduler.trigger();
  EXPECT_TRUE(again.ok());
  EXPECT_EQ(again.files, 0U);
  EXPECT_FALSE(again.commit.has_value());
  EXPECT_EQ(commits(), 1U);
}

TEST_F(CommitSchedule, BringsTheLastLinesWhenItGoes) {
  {
    CommitScheduler scheduler(client_, options());
    append("a.jsonl", "last\n");
  }
  EXPECT_EQ(on_hub("a.jsonl"), "last\n");
  EXPECT_EQ(commits(), 1U);
}

TEST_F(CommitSchedule, StopsOnce) {
  CommitScheduler scheduler(client_, options());
  append("a.jsonl", "1\n");
  EXPECT_EQ(scheduler.stop().files, 1U);
  append("a.jsonl", "2\n");
  EXPECT_EQ(scheduler.stop().files, 0U);
  EXPECT_EQ(commits(), 1U);
}

TEST_F(CommitSchedule, GivesAFailureBackAndTriesTheSameFilesAgain) {
  append("a.jsonl", "1\n");
  CommitScheduler scheduler(client_, options());
  hub_.stop();
  clock_->let_one_pass();
  const ScheduledCommit failed = next();
  EXPECT_FALSE(failed.ok());
  EXPECT_NE(failed.error.find("No answer from " + hub_.base_url()), std::string::npos)
      << failed.error;
  hub_.start();
  const ScheduledCommit again = scheduler.trigger();
  EXPECT_TRUE(again.ok()) << again.error;
  EXPECT_EQ(again.files, 1U);
  EXPECT_EQ(on_hub("a.jsonl"), "1\n");
}

TEST_F(CommitSchedule, ReadsNoFileWhileAWriterHoldsTheLock) {
  append("a.jsonl", "half");
  CommitScheduler scheduler(client_, options());
  std::future<ScheduledCommit> look;
  {
    const auto writing = scheduler.lock();
    look = std::async(std::launch::async, [&] { return scheduler.trigger(); });
    // In this time a look that does not wait has come up with its commit.
    for (int i = 0; i < 10; ++i) EXPECT_EQ(commits(), 0U);
    append("a.jsonl", " a line\n");
  }
  EXPECT_TRUE(look.get().ok());
  EXPECT_EQ(on_hub("a.jsonl"), "half a line\n");
}

TEST_F(CommitSchedule, PutsFilesWhereItIsTold) {
  append("sub/a.jsonl", "1\n");
  append("b.txt", "x");
  CommitSchedulerOptions how = options();
  how.path_in_repo = "data/";
  how.revision = "logs";
  how.filter.allow = {"*.jsonl"};
  CommitScheduler scheduler(client_, how);
  EXPECT_EQ(scheduler.trigger().files, 1U);
  EXPECT_EQ(on_hub("data/sub/a.jsonl", "logs"), "1\n");
  EXPECT_EQ(commits(), 0U);
}

TEST_F(CommitSchedule, SquashesTheHistoryAfterEachCommitWhereAsked) {
  int squashes = 0;
  const auto transport = std::make_shared<testing::IllTransport>();
  transport->fall_ill(
      [&](const Request& request) {
        squashes += request.url.find("/super-squash/logs") == std::string::npos ? 0 : 1;
        return false;
      },
      {});
  HubOptions counted = client_.options();
  counted.transport = transport;
  CommitSchedulerOptions how = options();
  how.squash_history = true;
  how.revision = "logs";
  CommitScheduler scheduler(HubClient(counted), how);
  for (const char* line : {"1\n", "2\n"}) {
    append("a.jsonl", line);
    EXPECT_TRUE(scheduler.trigger().ok());
    EXPECT_EQ(commits("logs"), 0U);  // but for the one
  }
  EXPECT_EQ(on_hub("a.jsonl", "logs"), "1\n2\n");
  EXPECT_TRUE(scheduler.trigger().ok());
  EXPECT_EQ(squashes, 2);  // nothing new, nothing squashed
}

TEST_F(CommitSchedule, TellsOfAHistoryThatCouldNotBeSquashedAndSendsNothingTwice) {
  const auto transport = std::make_shared<testing::IllTransport>();
  HubOptions ill = client_.options();
  ill.transport = transport;
  CommitSchedulerOptions how = options();
  how.squash_history = true;
  CommitScheduler scheduler(HubClient(ill), how);
  transport->fall_ill(
      [](const Request& request) {
        return request.url.find("/super-squash/") != std::string::npos;
      },
      {.status = 404});
  append("a.jsonl", "1\n");
  const ScheduledCommit half = scheduler.trigger();
  EXPECT_TRUE(half.commit.has_value());
  EXPECT_EQ(half.files, 1U);
  EXPECT_NE(half.error.find("squashing branch 'main' of 'demo/logs'"), std::string::npos)
      << half.error;
  EXPECT_EQ(scheduler.trigger().files, 0U);
  EXPECT_EQ(on_hub("a.jsonl"), "1\n");
}

TEST_F(CommitSchedule, KeepsADatasetAsWell) {
  append("a.jsonl", "1\n");
  CommitSchedulerOptions how = options();
  how.repo_type = RepoType::dataset;
  how.path_in_repo = "/data/";
  CommitScheduler scheduler(client_, how);
  EXPECT_TRUE(scheduler.trigger().ok());
  EXPECT_TRUE(client_.file_exists({.id = repo_.id, .type = RepoType::dataset}, "data/a.jsonl"));
  EXPECT_FALSE(client_.repo_exists(repo_));
}

TEST_F(CommitSchedule, SendsNoFileThatHoldsAToken) {
  append("a.jsonl", hub_.token());
  CommitScheduler scheduler(client_, options());
  const ScheduledCommit refused = scheduler.trigger();
  EXPECT_NE(refused.error.find("'a.jsonl' holds a token at byte 0"), std::string::npos)
      << refused.error;
  EXPECT_EQ(commits(), 0U);
}

TEST_F(CommitSchedule, FailsEarly) {
  CommitSchedulerOptions never = options();
  never.every = std::chrono::milliseconds(0);
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { CommitScheduler(client_, never); }),
            "every is 0 ms; it must be above 0.");
  hub_.stop();
  EXPECT_THROW(CommitScheduler(client_, options()), ConnectionError);
}

}  // namespace
}  // namespace torchhub
