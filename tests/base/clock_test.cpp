#include "torchhub/base/clock.h"

#include "support/fake_clock.h"
#include "torchhub/base/cancel.h"

#include <gtest/gtest.h>

#include <thread>

namespace torchhub {
namespace {

TEST(SystemClock, SleepsAtLeastAsLongAsAsked) {
  const auto clock = system_clock();
  const auto start = clock->steady_now();
  EXPECT_TRUE(clock->sleep_for(std::chrono::milliseconds(2)));
  EXPECT_GE(clock->steady_now() - start, std::chrono::milliseconds(2));
}

TEST(SystemClock, WakesWhenAskedToStop) {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(system_clock()->sleep_for(std::chrono::hours(24), stop.get_token()));
}

TEST(FakeClock, MovesOnlyWhenTold) {
  testing::FakeClock clock;
  const auto start = clock.steady_now();
  EXPECT_TRUE(clock.sleep_for(std::chrono::minutes(5), {}));
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(clock.steady_now() - start, std::chrono::seconds(301));
  EXPECT_EQ(clock.sleeps().size(), 1U);
  const auto wall = clock.now();
  clock.set_wall(-std::chrono::hours(1));
  EXPECT_EQ(wall - clock.now(), std::chrono::hours(1));
  EXPECT_EQ(clock.steady_now() - start, std::chrono::seconds(301));
}

TEST(ThrowIfCancelled, SaysWhatWasUnderWay) {
  std::stop_source stop;
  EXPECT_NO_THROW(throw_if_cancelled(stop.get_token(), "saving"));
  stop.request_stop();
  try {
    throw_if_cancelled(stop.get_token(), "saving 'x'");
    FAIL();
  } catch (const CancelledError& error) {
    EXPECT_STREQ(error.what(), "Cancelled while saving 'x'; nothing was changed.");
  }
}

}  // namespace
}  // namespace torchhub
