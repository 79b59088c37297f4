#include "hub/parallel.h"

#include "torchhub/base/cancel.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

namespace torchhub {
namespace {

TEST(ForEachInParallel, DoesEachPieceOnce) {
  for (const int workers : {1, 3, 50}) {
    std::mutex mutex;
    std::multiset<std::size_t> done;
    for_each_in_parallel(20, workers, {}, [&](std::size_t i, std::stop_token) {
      const std::scoped_lock lock(mutex);
      done.insert(i);
    });
    EXPECT_EQ(done.size(), 20U);
    EXPECT_EQ(std::set<std::size_t>(done.begin(), done.end()).size(), 20U) << workers;
  }
}

TEST(ForEachInParallel, DoesNothingForNoPieces) {
  for_each_in_parallel(0, 4, {}, [](std::size_t, std::stop_token) { FAIL(); });
}

TEST(ForEachInParallel, ThrowsTheFirstErrorAndNotItsEchoes) {
  std::atomic<int> calls{0};
  const auto work = [&](std::size_t i, std::stop_token stop) {
    ++calls;
    if (i == 0) throw DiskFullError("write", "/x", 28);
    while (!stop.stop_requested()) std::this_thread::yield();
    throw_if_cancelled(stop, "working");
  };
  EXPECT_THROW(for_each_in_parallel(100, 4, {}, work), DiskFullError);
  EXPECT_LE(calls, 4);
}

TEST(ForEachInParallel, PassesTheCallersStopOn) {
  std::stop_source stop;
  const auto work = [&](std::size_t, std::stop_token own) {
    stop.request_stop();
    while (!own.stop_requested()) std::this_thread::yield();
    throw_if_cancelled(own, "working");
  };
  EXPECT_THROW(for_each_in_parallel(4, 2, stop.get_token(), work), CancelledError);
}

// It used to wait until the threads that had started had done everything.
TEST(ForEachInParallel, StopsWhenAThreadCannotStart) {
  std::atomic<int> calls{0};
  const auto work = [&](std::size_t, std::stop_token stop) {
    ++calls;
    while (!stop.stop_requested()) std::this_thread::yield();
  };
  const auto only_one = [n = 0](const std::function<void()>& run) mutable {
    if (n++ == 0) return start_thread(run);
    throw std::system_error(EAGAIN, std::system_category());
  };
  EXPECT_THROW(for_each_in_parallel(100, 4, {}, work, only_one), std::system_error);
  EXPECT_LE(calls, 1);
}

}  // namespace
}  // namespace torchhub
