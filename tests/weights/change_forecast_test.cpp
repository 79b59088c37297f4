#include "weights/change_forecast.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using Seconds = ChangeForecast::Seconds;

constexpr std::size_t kMegabyte = 1'000'000;

TEST(ChangeForecast, WaitsAsLongAsWhatIsLeftCanStillBeCopied) {
  ChangeForecast forecast(Seconds(1));
  forecast.was_copied(kMegabyte, Seconds(0.001));
  const auto is_time = [&](std::size_t megabytes, double seconds) {
    return forecast.is_time_to_copy(
        {.written = 10 * kMegabyte, .left = megabytes * kMegabyte, .now = Seconds(seconds)});
  };
  EXPECT_FALSE(is_time(300, 0.1));
  EXPECT_FALSE(is_time(300, 0.6));
  EXPECT_TRUE(is_time(300, 0.65));
  EXPECT_TRUE(is_time(2000, 0.1));
}

TEST(ChangeForecast, DoesNotTrustInMemoryThatIsAlreadyTheProcesss) {
  ChangeForecast forecast(Seconds(1));
  forecast.was_copied(100 * kMegabyte, Seconds(0.01));
  EXPECT_FALSE(forecast.is_time_to_copy({.left = 300 * kMegabyte, .now = Seconds(0.6)}));
  EXPECT_TRUE(forecast.is_time_to_copy({.left = 300 * kMegabyte, .now = Seconds(0.65)}));
}

TEST(ChangeForecast, CopiesNothingThatWillBeWritten) {
  ChangeForecast forecast(Seconds(1));
  forecast.was_copied(kMegabyte, Seconds(0.1));  // slower than to write it
  const auto is_time = [&](std::size_t megabytes) {
    return forecast.is_time_to_copy(
        {.written = 800 * kMegabyte, .left = megabytes * kMegabyte, .now = Seconds(0.8)});
  };
  EXPECT_FALSE(is_time(150));
  EXPECT_TRUE(is_time(180));  // at this speed by the skin of its teeth
  EXPECT_TRUE(is_time(250));
}

TEST(ChangeForecast, SeesThatTheWriterStandsStill) {
  const ChangeForecast forecast(Seconds(2));
  const auto is_time = [&](double seconds) {
    return forecast.is_time_to_copy(
        {.written = 400 * kMegabyte, .left = 400 * kMegabyte, .now = Seconds(seconds)});
  };
  EXPECT_FALSE(is_time(0.4));
  EXPECT_FALSE(is_time(0.8));  // on the whole 500 MB/s
  EXPECT_TRUE(is_time(1.2));
}

TEST(ChangeForecast, CopiesWhatIsLeftWhenTheChangeIsOverdue) {
  const ChangeForecast forecast(Seconds(1));
  EXPECT_TRUE(forecast.is_time_to_copy(
      {.written = 500 * kMegabyte, .left = kMegabyte, .now = Seconds(1.1)}));
}

}  // namespace
}  // namespace torchhub
