#include "torchhub/push/worker.h"

#include "torchhub/base/cancel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <semaphore>

namespace torchhub {
namespace {

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
    return {.commit_url = "url"};
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
                          [](const PushOutcome& o) { return o.superseded; }),
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
    if (j.step == 1) throw Error("the hub said no");
    return {.commit_url = "url"};
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
