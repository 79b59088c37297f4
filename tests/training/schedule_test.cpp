#include "torchhub/training/schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace torchhub {
namespace {

/// Learning rates for a base of 0.1, 3 warm-up steps and 10 steps in all.
std::vector<double> rates(SchedulerType type) {
  std::vector<double> all;
  for (std::int64_t step = 0; step <= 10; ++step)
    all.push_back(0.1 * lr_multiplier(type, step, 3, 10));
  return all;
}

void expect_near(const std::vector<double>& values, const std::vector<double>& golden) {
  ASSERT_EQ(values.size(), golden.size());
  for (std::size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(values[i], golden[i], 1e-7) << i;
}

// Golden: transformers 5.12.1 `get_scheduler`.
TEST(Schedule, GivesPythonsRates) {
  expect_near(rates(SchedulerType::linear),
              {0, .0333333333, .0666666667, .1, .0857142857, .0714285714, .0571428571, .0428571429,
               .0285714286, .0142857143, 0});
  expect_near(rates(SchedulerType::cosine), {0, .0333333333, .0666666667, .1, .095048443, .08117449,
                                             .061126047, .038873953, .01882551, .0049515566, 0});
  expect_near(rates(SchedulerType::constant_with_warmup),
              {0, .0333333333, .0666666667, .1, .1, .1, .1, .1, .1, .1, .1});
  expect_near(rates(SchedulerType::constant), std::vector<double>(11, .1));
}

TEST(Schedule, DividesByNothingWithoutWarmUp) {
  EXPECT_DOUBLE_EQ(lr_multiplier(SchedulerType::linear, 0, 0, 4), 1);
  EXPECT_DOUBLE_EQ(lr_multiplier(SchedulerType::linear, 4, 4, 4), 0);
}

}  // namespace
}  // namespace torchhub
