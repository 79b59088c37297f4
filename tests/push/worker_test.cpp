#include "torchhub/push/worker.h"

#include "support/temp_dir.h"
#include "torchhub/base/cancel.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <latch>
#include <semaphore>
#include <thread>

namespace torchhub {
namespace {

using testing::TempDir;

PushJob job(std::int64_t step, bool droppable = true) {
  return {.repo = {.id = {.owner = "ana", .name = "m"}},
          .commit_message = "step " + std::to_string(step),
          .step = step,
          .droppable = droppable};
}

std::vector<std::int64_t> pushed_steps(const std::vector<PushOutcome>& outcomes) {
  std::vector<std::int64_t> steps;
  for (const PushOutcome& outcome : outcomes) {
    if (outcome.ok()) steps.push_back(outcome.step);
  }
  return steps;
}

/// Holds each push until it is let go, and says when the first has begun.
class Gate {
 public:
  PushOutcome operator()(const PushJob&, const std::stop_token& stop) {
    if (!started_once_.exchange(true)) started_.count_down();
    while (!may_go_.try_acquire_for(std::chrono::milliseconds(1)))
      throw_if_cancelled(stop, "pushing");
    return {.state = PushState::done, .commit_url = "url"};
  }
  void wait_until_started() { started_.wait(); }
  void open(int pushes) { may_go_.release(pushes); }

 private:
  std::latch started_{1};
  std::atomic<bool> started_once_ = false;
  std::counting_semaphore<100> may_go_{0};
};

TEST(PushWorker, LetsTheNewestWaitingJobReplaceOlderOnes) {
  Gate gate;
  PushWorker worker(std::ref(gate));
  worker.submit(job(1));
  gate.wait_until_started();
  worker.submit(job(2));
  worker.submit(job(3));
  worker.submit(job(4));
  gate.open(10);
  const auto outcomes = worker.drain();
  EXPECT_EQ(pushed_steps(outcomes), (std::vector<std::int64_t>{1, 4}));
  EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(),
                          [](const PushOutcome& o) { return o.state == PushState::superseded; }),
            2);
}

TEST(PushWorker, NeverDropsAJobThatMustNotBeDropped) {
  Gate gate;
  PushWorker worker(std::ref(gate));
  worker.submit(job(1, false));
  gate.wait_until_started();
  for (const std::int64_t step : {2, 3, 4}) worker.submit(job(step, false));
  gate.open(10);
  EXPECT_EQ(pushed_steps(worker.drain()), (std::vector<std::int64_t>{1, 2, 3, 4}));
}

TEST(PushWorker, ReportsAFailureAsAValueAndGoesOn) {
  PushWorker worker([](const PushJob& j, const std::stop_token&) -> PushOutcome {
    if (j.step == 1) throw InvalidArgumentError("the hub said no");
    return {.state = PushState::done, .commit_url = "url"};
  });
  worker.submit(job(1, false));
  worker.submit(job(2, false));
  const auto outcomes = worker.drain();
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[0].error, "the hub said no");
  EXPECT_EQ(outcomes[0].step, 1);
  EXPECT_EQ(outcomes[0].commit_message, "step 1");
  EXPECT_TRUE(outcomes[1].ok());
}

TEST(PushWorker, IsBusyUntilTheLastJobEnds) {
  Gate gate;
  PushWorker worker(std::ref(gate));
  EXPECT_FALSE(worker.busy());
  worker.submit(job(1));
  EXPECT_TRUE(worker.busy());
  gate.open(1);
  EXPECT_EQ(worker.drain().size(), 1U);
  EXPECT_FALSE(worker.busy());
  EXPECT_TRUE(worker.take_outcomes().empty());
}

/// Fails the first `failures` times, and counts the calls.
struct FailsAtFirst {
  int failures = 1;
  int calls = 0;
  std::vector<std::int64_t> steps = {};

  PushOutcome operator()(const PushJob& j, const std::stop_token&) {
    steps.push_back(j.step);
    if (++calls <= failures) throw Error("no answer");
    return {.state = PushState::done, .commit_url = "url"};
  }
};

TEST(PushWorker, TriesAFailedJobAgainBeforeTheNextOne) {
  FailsAtFirst push;
  PushWorker worker(std::ref(push));
  worker.submit(job(1, false));
  while (worker.busy()) std::this_thread::yield();
  worker.submit(job(2, false));
  const auto outcomes = worker.drain();
  EXPECT_EQ(push.steps, (std::vector<std::int64_t>{1, 1, 2}));
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[0].state, PushState::failed);
  EXPECT_EQ(outcomes[0].error, "no answer");
  EXPECT_EQ(pushed_steps(outcomes), (std::vector<std::int64_t>{1, 2}));
}

TEST(PushWorker, TriesOnceMoreAtTheEnd) {
  FailsAtFirst push{.failures = 5};
  PushWorker worker(std::ref(push));
  worker.submit(job(1));
  while (worker.busy()) std::this_thread::yield();
  EXPECT_TRUE(pushed_steps(worker.drain()).empty());
  EXPECT_EQ(push.calls, 2);  // and not for ever
}

TEST(PushWorker, DoesNotTryAgainWhatAskingAgainCannotMend) {
  FailsAtFirst counted{.failures = 0};
  PushWorker worker([&](const PushJob& j, const std::stop_token& stop) -> PushOutcome {
    counted(j, stop);
    throw ForbiddenError("the token may only read", {.status = 403});
  });
  worker.submit(job(1, false));
  while (worker.busy()) std::this_thread::yield();
  const auto outcomes = worker.drain();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].state, PushState::failed);
  EXPECT_EQ(counted.calls, 1);
}

TEST(PushWorker, LetsANewerSaveReplaceOneThatFailed) {
  FailsAtFirst push;
  PushWorker worker(std::ref(push));
  worker.submit(job(1));
  while (worker.busy()) std::this_thread::yield();
  worker.submit(job(2));
  EXPECT_EQ(pushed_steps(worker.drain()), std::vector<std::int64_t>{2});
  EXPECT_EQ(push.steps, (std::vector<std::int64_t>{1, 2}));
}

TEST(PushWorker, ReplacesOnlyWithinALane) {
  Gate gate;
  PushWorker worker(std::ref(gate));
  worker.submit(job(1));
  gate.wait_until_started();
  for (const std::int64_t step : {2, 3}) {
    worker.submit(job(step));
    PushJob beside = job(step);
    beside.lane = "checkpoint";
    worker.submit(std::move(beside));
  }
  gate.open(10);
  EXPECT_EQ(pushed_steps(worker.drain()), (std::vector<std::int64_t>{1, 3, 3}));
}

TEST(PushWorker, ShowsWhatWaitsAndWhatIsUnderWay) {
  Gate gate;
  PushWorker worker(std::ref(gate));
  worker.submit(job(1));
  gate.wait_until_started();
  worker.submit(job(2));
  const auto pending = worker.pending();
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].state, PushState::running);
  EXPECT_EQ(pending[0].step, 1);
  EXPECT_EQ(pending[1].state, PushState::queued);
  EXPECT_EQ(pending[1].step, 2);
  gate.open(2);
  worker.drain();
  EXPECT_TRUE(worker.pending().empty());
}

TEST(PushWorker, GivesBackWhatIsLeftWhenTheTimeIsUpAndGoesOnAfterwards) {
  Gate gate;
  PushWorker worker(std::ref(gate));
  worker.submit(job(1, false));
  gate.wait_until_started();
  worker.submit(job(2, false));
  const auto left = worker.drain(std::chrono::milliseconds(5));
  ASSERT_EQ(left.size(), 2U);
  for (const PushOutcome& outcome : left) {
    EXPECT_EQ(outcome.state, PushState::queued);
    EXPECT_FALSE(outcome.error.empty());
  }
  EXPECT_FALSE(worker.busy());
  gate.open(1);
  worker.submit(job(3));
  EXPECT_EQ(pushed_steps(worker.drain()), std::vector<std::int64_t>{3});
}

TEST(PushWorker, ReplacesASaveThatWaitsForTheNextStart) {
  const TempDir folder;
  const auto kept_job = [&](std::int64_t step) {
    PushJob j = job(step);
    j.snapshot = Snapshot(folder / std::to_string(step));
    j.snapshot.keep("{}");
    return j;
  };
  PushWorker worker([](const PushJob& j, const std::stop_token&) -> PushOutcome {
    if (j.step == 1) throw ForbiddenError("the token may only read", {.status = 403});
    return {.state = PushState::done, .commit_url = "url"};
  });
  worker.submit(kept_job(1));
  worker.drain();
  EXPECT_TRUE(std::filesystem::exists(folder / "1"));
  worker.submit(kept_job(2));
  worker.drain();
  EXPECT_FALSE(std::filesystem::exists(folder / "1"));  // or each save would stay for ever
}

TEST(PushWorker, ReplacesNothingThatGoesElsewhere) {
  Gate gate;
  PushWorker worker(std::ref(gate));
  worker.submit(job(1));
  gate.wait_until_started();
  worker.submit(job(2));
  PushJob branch = job(3);
  branch.revision = "trial";
  worker.submit(std::move(branch));
  PushJob repo = job(4);
  repo.repo.id.name = "another";
  worker.submit(std::move(repo));
  PushJob hub = job(5);
  hub.endpoint = "http://another";
  worker.submit(std::move(hub));
  gate.open(10);
  EXPECT_EQ(pushed_steps(worker.drain()), (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
}

TEST(PushWorker, LetsTheFilesOfAJobGoOnlyWhenItIsOver) {
  const TempDir folder;
  const auto kept_job = [&](std::int64_t step) {
    PushJob j = job(step, false);
    j.snapshot = Snapshot(folder / std::to_string(step));
    j.snapshot.add_text("bytes", "file");
    j.snapshot.keep("{}");
    return j;
  };
  std::vector<std::filesystem::path> places;
  {
    PushWorker worker([](const PushJob& j, const std::stop_token&) -> PushOutcome {
      if (j.step == 2) throw UnauthorizedError("no token", {.status = 401});
      return {.state = PushState::done, .commit_url = "url"};
    });
    for (const std::int64_t step : {1, 2}) {
      PushJob j = kept_job(step);
      places.push_back(j.snapshot.folder());
      worker.submit(std::move(j));
    }
    worker.drain();
    EXPECT_FALSE(std::filesystem::exists(places[0]));
  }
  EXPECT_TRUE(std::filesystem::exists(places[1] / "file"));  // for the next start
}

TEST(PushWorker, CancelsTheJobUnderWayWhenItGoes) {
  Gate gate;
  {
    PushWorker worker(std::ref(gate));
    worker.submit(job(1));
    gate.wait_until_started();
  }  // would hang here if the stop did not reach the push
}

}  // namespace
}  // namespace torchhub
