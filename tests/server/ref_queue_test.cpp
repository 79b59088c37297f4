#include "server/repos/ref_turns.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace torchhub::testing {
namespace {

using server::RefQueue;
constexpr std::chrono::seconds kDeadline{20};  // of what would otherwise never end

TEST(RefQueue, LetsWritersOfOtherRefsPass) {
  RefQueue queue;
  const auto main = queue.wait("m", "refs/heads/main");
  auto others = std::async(std::launch::async, [&queue] {
    queue.wait("m", "refs/heads/other");
    queue.wait("n", "refs/heads/main");
  });
  EXPECT_EQ(others.wait_for(kDeadline), std::future_status::ready);
}

/// As a merge, which has its request's turn and then waits for that of the branch, beside a push to
/// both: thousands of rounds, since it takes both to be on their way at once.
TEST(RefQueue, NobodyWaitsInACircle) {
  constexpr int kRounds = 20'000;
  auto queue = std::make_shared<RefQueue>();  // outlives this test, should the threads never end
  const auto in_a_thread = [&queue](auto step) {
    std::promise<void> done;
    auto future = done.get_future();
    std::thread([queue, step, done = std::move(done)]() mutable {
      for (int i = 0; i < kRounds; ++i) step(*queue);
      done.set_value();
    }).detach();
    return future;
  };
  const auto merges = in_a_thread([](RefQueue& refs) {
    const auto request = refs.wait("m", "refs/pr/1");
    const auto base = refs.wait("m", "refs/heads/main");
  });
  const auto pushes = in_a_thread([](RefQueue& refs) {
    server::wait_in_order(refs, "m", {"refs/heads/main", "refs/pr/1", "refs/tags/v1"});
  });
  ASSERT_EQ(merges.wait_for(kDeadline), std::future_status::ready);
  EXPECT_EQ(pushes.wait_for(kDeadline), std::future_status::ready);
}

}  // namespace
}  // namespace torchhub::testing
