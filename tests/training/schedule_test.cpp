#include "torchhub/training/schedule.h"

#include "support/golden.h"
#include "support/message_of.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <vector>

namespace torchhub {
namespace {

using testing::golden;
using testing::message_of;

nlohmann::json golden_rates() { return nlohmann::json::parse(golden("schedules/rates.json")); }

SchedulerType type_of(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(SchedulerType::greedy); ++i) {
    if (to_string(static_cast<SchedulerType>(i)) == name) return static_cast<SchedulerType>(i);
  }
  throw std::invalid_argument(name);
}

LogRow kwargs_of(const nlohmann::json& json) {
  LogRow row;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) row.emplace_back(key, value.get<std::string>());
    if (value.is_boolean()) row.emplace_back(key, value.get<bool>());
    if (value.is_number_integer()) row.emplace_back(key, value.get<std::int64_t>());
    if (value.is_number_float()) row.emplace_back(key, value.get<double>());
  }
  return row;
}

ScheduleOptions options_of(const nlohmann::json& each) {
  return {.type = type_of(each.at("name").get<std::string>()),
          .kwargs = kwargs_of(each.at("kwargs")),
          .warmup_steps = each.value("warmup", std::int64_t{0}),
          .total_steps = each.value("total", std::int64_t{10}),
          .base_rate = 0.1};
}

std::vector<std::string> problems_of(SchedulerType type, const LogRow& kwargs,
                                     std::int64_t total_steps = 10, double base_rate = 0.1) {
  return problems(ScheduleOptions{
      .type = type, .kwargs = kwargs, .total_steps = total_steps, .base_rate = base_rate});
}

TEST(Schedule, GivesPythonsRatesAtEveryStep) {
  const nlohmann::json all = golden_rates();
  ASSERT_GT(all.at("by_step").size(), 90U);
  for (const auto& each : all.at("by_step")) {
    SCOPED_TRACE(each.dump().substr(0, 150));
    const auto scheduler = make_scheduler(options_of(each));
    std::int64_t step = 0;
    for (const double rate : each.at("rates")) {
      ASSERT_NEAR(scheduler->rates().at(1), rate, 1e-15) << step;
      ASSERT_NEAR(0.1 * lr_multiplier(options_of(each), step), rate, 1e-15) << step;
      scheduler->step();
      ++step;
    }
  }
}

TEST(Schedule, GivesPythonsRatesAfterEveryMetric) {
  const nlohmann::json all = golden_rates();
  ASSERT_GT(all.at("by_metric").size(), 10U);
  for (const auto& each : all.at("by_metric")) {
    SCOPED_TRACE(each.dump().substr(0, 150));
    const auto scheduler = make_scheduler(options_of(each));
    ASSERT_TRUE(scheduler->follows_metric());
    ASSERT_TRUE(scheduler->base_rates().empty());
    for (std::size_t i = 0; i < all.at("metrics").size(); ++i) {
      scheduler->step();  // an update: not its matter
      scheduler->step_on_metric(all.at("metrics")[i].get<double>());
      ASSERT_NEAR(scheduler->rates().at(1), each.at("rates")[i].get<double>(), 1e-15) << i;
    }
  }
}

// The table of rates for 3 updates of warm-up, 10 in all and a peak of 0.1 that the issue gives.
TEST(Schedule, GivesTheRatesOfTheTable) {
  const auto rates = [](SchedulerType type, const LogRow& kwargs) {
    std::vector<double> all;
    const ScheduleOptions options{
        .type = type, .kwargs = kwargs, .warmup_steps = 3, .total_steps = 10, .base_rate = 0.1};
    for (std::int64_t s = 0; s <= 10; ++s) all.push_back(0.1 * lr_multiplier(options, s));
    return all;
  };
  const auto expect = [](const std::vector<double>& found, const std::vector<double>& right) {
    ASSERT_EQ(found.size(), right.size());
    for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(found[i], right[i], 1e-7) << i;
  };
  expect(rates(SchedulerType::linear, {}), {0, .0333333, .0666667, .1, .0857143, .0714286, .0571429,
                                            .0428571, .0285714, .0142857, 0});
  expect(rates(SchedulerType::polynomial, {{"lr_end", .01}, {"power", std::int64_t{2}}}),
         {0, .0333333, .0666667, .1, .076122449, .055918367, .039387755, .026530612, .017346939,
          .011836735, .01});
  expect(rates(SchedulerType::cosine_warmup_with_min_lr,
               {{"min_lr_rate", .1}, {"warmup_lr_rate", .2}}),
         {.02, .06, .1, .095543599, .083057041, .065013442, .044986558, .026942959, .014456401, .01,
          .014456401});
  expect(rates(SchedulerType::warmup_stable_decay, {{"num_decay_steps", std::int64_t{4}},
                                                    {"min_lr_ratio", .1},
                                                    {"warmup_type", "cosine"},
                                                    {"decay_type", "1-sqrt"}}),
         {.01, .0325, .0775, .1, .1, .1, .1, .055, .03636039, .022057714, .01});
}

TEST(Schedule, DividesByNothingWithoutWarmUp) {
  EXPECT_DOUBLE_EQ(lr_multiplier(SchedulerType::linear, 0, 0, 4), 1);
  EXPECT_DOUBLE_EQ(lr_multiplier(SchedulerType::linear, 4, 4, 4), 0);
  EXPECT_DOUBLE_EQ(lr_multiplier(SchedulerType::polynomial, 4, 4, 4), 1);  // Python divides by 0
}

TEST(Schedule, NamesAllThatIsWrongAtOnce) {
  const ScheduleOptions options{.type = SchedulerType::warmup_stable_decay,
                                .kwargs = {{"decay_type", "steep"},
                                           {"min_lr_ratio", "low"},
                                           {"num_cycle", 1.0},
                                           {"num_stable_steps", -1.5}}};
  const std::string message = message_of<InvalidArgumentError>([&] { make_scheduler(options); });
  for (const char* part :
       {"This learning rate schedule cannot be made",
        "lr_scheduler_kwargs of warmup_stable_decay: num_decay_steps is not given; it must be a "
        "number of updates.",
        "num_stable_steps is -1.5; it must be a whole number, 0 or above.",
        "decay_type is 'steep'; it must be one of linear, cosine, 1-sqrt.",
        "min_lr_ratio is 'low'; it must be a number.",
        "'num_cycle' is unknown; known are num_decay_steps, num_stable_steps, warmup_type, "
        "decay_type, min_lr_ratio, num_cycles."}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << "\nin: " << message;
  }
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { lr_multiplier(options, 0); }), message);
}

TEST(Schedule, RefusesWhatCannotBe) {
  using enum SchedulerType;
  EXPECT_TRUE(problems_of(linear, {}).empty());
  EXPECT_EQ(problems_of(linear, {{"num_cycles", 1.0}}),
            std::vector<std::string>{"lr_scheduler_kwargs of linear: 'num_cycles' is unknown; it "
                                     "takes none."});
  EXPECT_EQ(problems_of(polynomial, {{"lr_end", .1}}),
            std::vector<std::string>{"lr_scheduler_kwargs of polynomial: lr_end is 0.1; it must be "
                                     "below learning_rate, which is 0.1."});
  EXPECT_EQ(problems_of(polynomial, {}, 10, 0).size(), 1U);
  EXPECT_EQ(problems_of(cosine, {{"num_cycles", NAN}}).size(), 1U);
  EXPECT_EQ(problems_of(cosine, {{"num_cycles", nullptr}}).size(), 1U);
  EXPECT_EQ(problems_of(cosine, {{"num_cycles", true}}).size(), 1U);
  EXPECT_EQ(problems_of(cosine_with_min_lr, {}).size(), 1U);
  EXPECT_EQ(problems_of(cosine_with_min_lr, {{"min_lr", .1}, {"min_lr_rate", .1}}).size(), 1U);
  EXPECT_TRUE(problems_of(cosine_with_min_lr, {{"min_lr", .1}, {"min_lr_rate", nullptr}}).empty());
  EXPECT_EQ(problems_of(cosine_with_min_lr, {{"min_lr", 0.0}}, 10, 0).size(), 1U);
  EXPECT_EQ(problems_of(inverse_sqrt, {{"timescale", std::int64_t{0}}}).size(), 1U);
  EXPECT_EQ(problems_of(reduce_lr_on_plateau, {{"factor", 1.0}, {"mode", "low"}}).size(), 2U);
  EXPECT_EQ(problems_of(greedy, {{"window_size", std::int64_t{0}}, {"smooth", "x"}}).size(), 2U);
}

TEST(Schedule, NeedsToKnowWhereTheRunEndsIfItGoesDownToThere) {
  using enum SchedulerType;
  EXPECT_EQ(problems_of(linear, {}, -1).size(), 1U);
  EXPECT_EQ(problems_of(cosine, {}, -1).size(), 1U);
  EXPECT_TRUE(problems_of(inverse_sqrt, {}, -1).empty());
  const LogRow decay{{"num_decay_steps", std::int64_t{4}}};
  EXPECT_EQ(problems_of(warmup_stable_decay, decay, -1).size(), 1U);
  LogRow both = decay;
  both.emplace_back("num_stable_steps", std::int64_t{4});
  EXPECT_TRUE(problems_of(warmup_stable_decay, both, -1).empty());
}

// As in Python: the run may end while the rate still goes down, or long after it is down.
TEST(Schedule, WarnsThatNumStableStepsWinOverTheLengthOfTheRun) {
  const auto warnings_of = [](const LogRow& kwargs, std::int64_t total_steps) {
    std::vector<std::string> lines;
    log::set_sink([&](log::Level, std::string_view line) { lines.emplace_back(line); });
    make_scheduler(
        {.type = SchedulerType::warmup_stable_decay, .kwargs = kwargs, .total_steps = total_steps});
    log::set_sink({});
    return lines;
  };
  const LogRow decay{{"num_decay_steps", std::int64_t{4}}};
  const LogRow both{{"num_decay_steps", std::int64_t{4}}, {"num_stable_steps", std::int64_t{2}}};
  const std::vector<std::string> lines = warnings_of(both, 10);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(
      lines[0].ends_with(" WARNING num_stable_steps_wins num_stable_steps=2 total_steps=10"))
      << lines[0];
  EXPECT_TRUE(warnings_of(both, -1).empty()) << "nothing else was said";
  EXPECT_TRUE(warnings_of(decay, 10).empty());
  const auto multiplier = [](const LogRow& kwargs, std::int64_t step) {
    return lr_multiplier(
        {.type = SchedulerType::warmup_stable_decay, .kwargs = kwargs, .total_steps = 10}, step);
  };
  EXPECT_EQ(multiplier(both, 6), 0) << "after 2 stable updates and 4 that go down";
  EXPECT_EQ(multiplier(decay, 6), 1);
}

TEST(Schedule, ScalesEachGroupsOwnRate) {
  const auto scheduler =
      make_scheduler({.warmup_steps = 0, .total_steps = 4, .base_rate = 0.1}, {0.4, 0.8, 0});
  scheduler->step();
  EXPECT_EQ(scheduler->rates(), (std::vector<double>{0.4 * 0.75, 0.8 * 0.75, 0}));
  EXPECT_EQ(scheduler->base_rates(), (std::vector<double>{0.4, 0.8, 0}));
  EXPECT_FALSE(scheduler->follows_metric());
}

}  // namespace
}  // namespace torchhub
