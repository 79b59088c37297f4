#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/training/checkpoint.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace torchhub {
namespace {

using pickle::Dict;
using pickle::Value;
using testing::golden;
using testing::golden_path;
using testing::message_of;
using testing::TempDir;

constexpr std::int64_t kSeen = 14;  // metrics or steps before the golden files were written

ScheduleOptions constant() { return {.type = SchedulerType::constant, .base_rate = 0.1}; }
ScheduleOptions plateau() {
  return {.type = SchedulerType::reduce_lr_on_plateau,
          .kwargs = {{"patience", std::int64_t{1}}, {"factor", 0.5}},
          .base_rate = 0.1};
}
ScheduleOptions greedy() {
  return {
      .type = SchedulerType::greedy,
      .kwargs = {{"patience", std::int64_t{1}}, {"smooth", true}, {"window_size", std::int64_t{3}}},
      .base_rate = 0.1};
}
ScheduleOptions linear(double rate = 0.1, std::int64_t total = 10) {
  return {.total_steps = total, .base_rate = rate};
}

std::vector<double> metrics() {
  return nlohmann::json::parse(golden("schedules/rates.json"))
      .at("metrics")
      .get<std::vector<double>>();
}

std::unique_ptr<LrScheduler> stepped(const ScheduleOptions& options, std::int64_t steps) {
  auto scheduler = make_scheduler(options);
  const std::vector<double> all = metrics();
  for (std::int64_t i = 0; i < steps; ++i) {
    scheduler->step();
    scheduler->step_on_metric(all[static_cast<std::size_t>(i)]);
  }
  return scheduler;
}

/// Equal but for whole numbers that the other has as fractions, and their last digits.
void expect_same(const Value& a, const Value& b) {
  if (const auto* dict = a.if_is<Dict>()) {
    ASSERT_EQ(dict->items.size(), b.dict().items.size());
    for (std::size_t i = 0; i < dict->items.size(); ++i) {
      ASSERT_EQ(dict->items[i].first, b.dict().items[i].first);
      SCOPED_TRACE(dict->items[i].first.text());
      expect_same(dict->items[i].second, b.dict().items[i].second);
    }
  } else if (a.is<pickle::List>()) {
    ASSERT_EQ(a.items().size(), b.items().size());
    for (std::size_t i = 0; i < a.items().size(); ++i) expect_same(a.items()[i], b.items()[i]);
  } else if (a.is<double>()) {
    EXPECT_DOUBLE_EQ(a.number(), b.number());
  } else {
    EXPECT_EQ(a, b);
  }
}

TEST(SchedulerFile, IsPythons) {
  for (const auto& [name, options] :
       {std::pair{"constant", constant()}, std::pair{"reduce_lr_on_plateau", plateau()},
        std::pair{"greedy", greedy()}}) {
    SCOPED_TRACE(name);
    const Value python = load_torch_file(golden_path(std::string("schedules/") + name + ".pt"));
    expect_same(stepped(options, kSeen)->state(), python);
  }
  const Value python = load_torch_file(golden_path("trainer/scheduler.pt"));
  ScheduleOptions with_warmup = linear(0.01, 2);
  with_warmup.warmup_steps = 1;
  expect_same(stepped(with_warmup, 2)->state(), python);
}

TEST(SchedulerFile, OfPythonIsGoneOnFrom) {
  for (const auto& [name, options] :
       {std::pair{"reduce_lr_on_plateau", plateau()}, std::pair{"greedy", greedy()}}) {
    SCOPED_TRACE(name);
    const auto scheduler = make_scheduler({.type = options.type, .base_rate = 7});
    load_scheduler(*scheduler, golden_path(std::string("schedules/") + name + ".pt"));
    const auto all_along = stepped(options, kSeen);
    for (const double metric : metrics()) {
      ASSERT_EQ(scheduler->rates(), all_along->rates());
      scheduler->step_on_metric(metric);
      all_along->step_on_metric(metric);
    }
    EXPECT_NE(scheduler->rates().front(), 0.1);
  }
}

TEST(SchedulerFile, BringsEveryScheduleBack) {
  const TempDir folder;
  for (const ScheduleOptions& options : {constant(), plateau(), greedy(), linear()}) {
    const auto scheduler = stepped(options, 5);
    save_scheduler(*scheduler, folder / "scheduler.pt");
    const auto again = make_scheduler(options);
    load_scheduler(*again, folder / "scheduler.pt");
    expect_same(again->state(), scheduler->state());
  }
}

TEST(SchedulerFile, GoesOnWithTheRatesOfTheFileAndTheNewTotal) {
  const TempDir folder;
  save_scheduler(*stepped(linear(), 5), folder / "scheduler.pt");
  const auto longer = make_scheduler(linear(0.4, 20));
  load_scheduler(*longer, folder / "scheduler.pt");
  EXPECT_EQ(longer->rates(), (std::vector<double>{0.05, 0.05}));  // of the file, once
  longer->step();
  EXPECT_DOUBLE_EQ(longer->rates().front(), 0.1 * 14 / 20);
  EXPECT_EQ(longer->base_rates(), (std::vector<double>{0.1, 0.1}));
}

TEST(SchedulerFile, WarnsOfAnotherRateAndLetsItWinOnRequest) {
  const TempDir folder;
  std::vector<std::string> lines;
  log::set_sink([&](log::Level, std::string_view line) { lines.emplace_back(line); });
  save_scheduler(*stepped(linear(), 5), folder / "scheduler.pt");
  load_scheduler(*make_scheduler(linear()), folder / "scheduler.pt");
  EXPECT_TRUE(lines.empty());
  const auto scheduler = make_scheduler(linear(0.4));
  load_scheduler(*scheduler, folder / "scheduler.pt", ResumedRates::of_this_run);
  EXPECT_EQ(scheduler->rates(), (std::vector<double>{0.2, 0.2}));
  load_scheduler(*make_scheduler(linear(0.4)), folder / "scheduler.pt");
  log::set_sink({});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find("resume_with_another_learning_rate"), std::string::npos);
  EXPECT_NE(lines[0].find("now=0.4,0.4 used=0.4,0.4"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("checkpoint=0.1,0.1 now=0.4,0.4 used=0.1,0.1"), std::string::npos)
      << lines[1];
}

TEST(SchedulerFile, OfAnotherKindOrRunIsRefused) {
  const TempDir folder;
  const auto refusal = [&](const ScheduleOptions& saved, const ScheduleOptions& now) {
    save_scheduler(*stepped(saved, 2), folder / "scheduler.pt");
    return message_of<CheckpointError>(
        [&] { load_scheduler(*make_scheduler(now), folder / "scheduler.pt"); });
  };
  for (const auto& [saved, now] : {std::pair{linear(), plateau()}, std::pair{plateau(), linear()},
                                   std::pair{plateau(), greedy()}, std::pair{greedy(), plateau()},
                                   std::pair{greedy(), linear()}}) {
    const std::string message = refusal(saved, now);
    EXPECT_NE(message.find("scheduler.pt' cannot be used: it is of "), std::string::npos)
        << message;
  }
  save_scheduler(*make_scheduler(linear(), {0.1, 0.1, 0.1}), folder / "three.pt");
  EXPECT_NE(message_of<CheckpointError>([&] {
              load_scheduler(*make_scheduler(linear()), folder / "three.pt");
            }).find("'base_lrs' has 3 learning rates, this run has 2 parameter groups."),
            std::string::npos);
}

/// Puts what cannot be under one key after the other.
void expect_refused(const ScheduleOptions& options, const std::vector<const char*>& keys) {
  const TempDir folder;
  const pickle::List bad_list{{std::numeric_limits<double>::quiet_NaN(), -1.0}};
  for (const char* key : keys) {
    for (const Value& value : {Value("text"), Value(-3), Value(bad_list), Value(Dict{})}) {
      SCOPED_TRACE(key);
      Dict state = stepped(options, 2)->state();
      state.set(key, value);
      save_torch_file(folder / "scheduler.pt", state);
      const auto scheduler = make_scheduler(options);
      const Dict before = scheduler->state();
      EXPECT_THROW(load_scheduler(*scheduler, folder / "scheduler.pt"), CheckpointError);
      EXPECT_EQ(scheduler->state(), before);
    }
  }
}

TEST(SchedulerFile, WithWhatCannotBeIsRefusedAndChangesNothing) {
  expect_refused(linear(), {"base_lrs", "last_epoch", "_last_lr"});
  expect_refused(plateau(), {"factor", "min_lrs", "patience", "cooldown", "last_epoch", "_last_lr",
                             "mode", "threshold_mode", "cooldown_counter", "num_bad_epochs"});
  expect_refused(greedy(), {"factor", "min_lrs", "max_lrs", "window_size", "smooth", "warmup",
                            "num_good_epochs", "_init_lrs", "_streaming_avg"});
}

TEST(SchedulerFile, CutAnywhereIsRefused) {
  const TempDir folder;
  save_scheduler(*stepped(greedy(), 5), folder / "scheduler.pt");
  const std::string bytes = read_file(folder / "scheduler.pt");
  for (std::size_t length = 0; length < bytes.size(); length += 31) {
    SCOPED_TRACE(length);
    write_file_atomically(folder / "cut.pt", bytes.substr(0, length));
    EXPECT_THROW(load_scheduler(*make_scheduler(greedy()), folder / "cut.pt"), CheckpointError);
  }
}

}  // namespace
}  // namespace torchhub
