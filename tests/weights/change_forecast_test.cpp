#include "weights/change_forecast.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using Seconds = ChangeForecast::Seconds;

constexpr std::size_t kMegabyte = 1'000'000;

TEST(ChangeForecast, WaitsAsLongAsWhatIsLeftCanStillBeCopied) {
  ChangeForecast forecast(Seconds(1));
  forecast.was_written(10 * kMegabyte);  // in 0.1 s: 90 more until the change
  forecast.was_copied(kMegabyte, Seconds(0.001));
  EXPECT_FALSE(forecast.is_time_to_copy(300 * kMegabyte, Seconds(0.1)));
  EXPECT_TRUE(forecast.is_time_to_copy(300 * kMegabyte, Seconds(0.65)));
  EXPECT_TRUE(forecast.is_time_to_copy(2000 * kMegabyte, Seconds(0.1)));
}

TEST(ChangeForecast, CopiesNothingThatWillBeWritten) {
  ChangeForecast forecast(Seconds(1));
  forecast.was_written(800 * kMegabyte);
  forecast.was_copied(kMegabyte, Seconds(0.1));  // slower than to write it
  EXPECT_FALSE(forecast.is_time_to_copy(150 * kMegabyte, Seconds(0.8)));
  EXPECT_TRUE(forecast.is_time_to_copy(250 * kMegabyte, Seconds(0.8)));
}

TEST(ChangeForecast, DoesNotCountTheTimeOfCopyingAsWriting) {
  ChangeForecast forecast(Seconds(1));
  forecast.was_written(50 * kMegabyte);
  forecast.was_copied(100 * kMegabyte, Seconds(0.7));
  EXPECT_FALSE(forecast.is_time_to_copy(100 * kMegabyte, Seconds(0.75)));  // 50 in 0.05 s
}

TEST(ChangeForecast, CopiesWhatIsLeftWhenTheChangeIsOverdue) {
  ChangeForecast forecast(Seconds(1));
  forecast.was_written(500 * kMegabyte);
  EXPECT_TRUE(forecast.is_time_to_copy(kMegabyte, Seconds(1.1)));
}

}  // namespace
}  // namespace torchhub
