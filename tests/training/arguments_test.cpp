#include "torchhub/training/arguments.h"

#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {
namespace {

bool holds(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

TEST(TrainingArguments, AreFineByDefault) { EXPECT_TRUE(problems({}).empty()); }

TEST(TrainingArguments, NameFieldValueAndRuleOfEachProblemAtOnce) {
  const auto found = problems({.per_device_train_batch_size = 0,
                               .learning_rate = -1,
                               .adam_beta1 = 1,
                               .logging_steps = 2.5,
                               .save_steps = 0,
                               .dataloader_prefetch_factor = 2});
  EXPECT_TRUE(holds(found, "per_device_train_batch_size is 0; it must be above 0."));
  EXPECT_TRUE(holds(found, "learning_rate is -1; it must be 0 or above."));
  EXPECT_TRUE(holds(found, "adam_beta1 is 1; it must be in [0, 1)."));
  EXPECT_TRUE(holds(found, "logging_steps is 2.5; it must be a whole number where it is above 1."));
  EXPECT_TRUE(holds(found,
                    "save_steps is 0; it must be above 0: a number of updates, or a fraction of "
                    "all below 1."));
  EXPECT_TRUE(holds(found,
                    "dataloader_prefetch_factor is 2; it must be unset where "
                    "dataloader_num_workers is 0."));
  EXPECT_EQ(found.size(), 6U);
}

TEST(TrainingArguments, LeaveStepsAloneThatNoStrategyUses) {
  EXPECT_TRUE(problems({.logging_strategy = IntervalStrategy::no,
                        .logging_steps = 0,
                        .save_strategy = SaveStrategy::epoch,
                        .save_steps = 0})
                  .empty());
}

TEST(TrainingArguments, RefuseAPushThatWouldNeverHappen) {
  EXPECT_EQ(problems({.save_strategy = SaveStrategy::no, .push_to_hub = true}).size(), 1U);
  EXPECT_TRUE(problems({.save_strategy = SaveStrategy::no,
                        .push_to_hub = true,
                        .hub_strategy = HubStrategy::end})
                  .empty());
}

TEST(TrainingArguments, SurviveJson) {
  const TrainingArguments arguments{.output_dir = "out",
                                    .num_train_epochs = 1.5,
                                    .max_steps = 7,
                                    .lr_scheduler_type = SchedulerType::cosine,
                                    .eval_strategy = IntervalStrategy::epoch,
                                    .eval_steps = 0.25,
                                    .save_strategy = SaveStrategy::no,
                                    .save_total_limit = 3,
                                    .push_to_hub = true,
                                    .hub_strategy = HubStrategy::all_checkpoints,
                                    .hub_private_repo = true,
                                    .seed = 5,
                                    .data_seed = 6};
  const nlohmann::ordered_json json = to_json(arguments);
  EXPECT_EQ(to_json(training_arguments_from_json(json)), json);
  EXPECT_EQ(json.at("hub_strategy"), "all_checkpoints");
  EXPECT_EQ(json.at("hub_revision"), nullptr);
}

TEST(TrainingArguments, NeverWriteTheToken) {
  const TrainingArguments arguments{.hub_token = "hf_secret"};
  const nlohmann::ordered_json json = to_json(arguments);
  EXPECT_EQ(json.at("hub_token"), "<HUB_TOKEN>");
  EXPECT_EQ(json.dump().find("hf_secret"), std::string::npos);
  EXPECT_FALSE(training_arguments_from_json(json).hub_token.has_value());
}

TEST(TrainingArguments, NameEveryFieldOfJsonThatCannotBeRead) {
  try {
    training_arguments_from_json({{"save_strategy", "sometimes"}, {"max_steps", "ten"}, {"lr", 1}});
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_TRUE(holds(error.problems(), "max_steps is \"ten\"; it must be a whole number."));
    EXPECT_TRUE(holds(error.problems(),
                      "save_strategy is \"sometimes\"; it must be one of no, steps, epoch."));
    EXPECT_TRUE(holds(error.problems(), "'lr' is not a field of TrainingArguments."));
  }
}

}  // namespace
}  // namespace torchhub
