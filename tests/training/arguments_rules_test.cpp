// The checks and fallbacks that transformers 5.12 makes once its TrainingArguments are there
// (`__post_init__`), in its order; those that arguments_test.cpp breaks one by one are not
// repeated.
#include "torchhub/base/error.h"
#include "torchhub/training/arguments.h"
#include "torchhub/training/plan.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>

namespace torchhub {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::string>;

TrainingArguments read(const Json& json) { return training_arguments_from_json(json); }

Lines refusals(const Json& json) {
  try {
    read(json);
  } catch (const InvalidArgumentError& error) {
    return error.problems();
  }
  return {};
}

TEST(ArgumentRules, GiveOutputDirItsDefaultAndTheUsersFolder) {
  const char* home = std::getenv("HOME");
  const std::string before = home == nullptr ? "" : home;
  ::setenv("HOME", "/home/ana", 1);
  EXPECT_EQ(read(Json::object()).output_dir, "trainer_output");
  EXPECT_EQ(read({{"output_dir", "~/runs/a"}}).output_dir, "/home/ana/runs/a");
  EXPECT_EQ(read({{"output_dir", "~"}}).output_dir, "/home/ana");
  EXPECT_EQ(read({{"output_dir", "~bob/a"}}).output_dir, "~bob/a");
  EXPECT_EQ(read({{"output_dir", "runs/~a"}}).output_dir, "runs/~a");
  ::unsetenv("HOME");
  EXPECT_EQ(read({{"output_dir", "~/a"}}).output_dir, "~/a");
  if (home != nullptr) ::setenv("HOME", before.c_str(), 1);
  EXPECT_EQ(problems({.output_dir = ""}), Lines{"output_dir is empty; it must be the name of a "
                                                "folder."});
}

TEST(ArgumentRules, ReadMapsFromText) {
  EXPECT_TRUE(read({{"accelerator_config", R"({"split_batches": true})"}})
                  .accelerator_config.split_batches);
  EXPECT_EQ(
      refusals({{"lr_scheduler_kwargs", "{num_cycles"}}),
      Lines{"lr_scheduler_kwargs is \"{num_cycles\"; it must be a map, as in {\"name\": 1}."});
  EXPECT_EQ(refusals({{"accelerator_config", {{"stages", 2}}}}).size(), 1U);
}

TEST(ArgumentRules, ListTheWordsOfEachEnumeration) {
  for (const auto& [field, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {"lr_scheduler_type", "linear, cosine, "},
           {"optim", "adamw_torch, "},
           {"logging_strategy", "no, steps, epoch."},
           {"include_num_input_tokens_seen", "no, all, non_padding."},
           {"eval_strategy", "no, steps, epoch."},
           {"save_strategy", "no, steps, epoch, best."},
           {"hub_strategy", "end, every_save, checkpoint, all_checkpoints."},
           {"train_sampling_strategy", "random, sequential, group_by_length."}}) {
    const Lines said = refusals({{field, "linera"}});
    ASSERT_EQ(said.size(), 1U) << field;
    EXPECT_EQ(said[0].find(std::string(field) + " is \"linera\"; it must be one of " + words), 0U)
        << said[0];
  }
}

TEST(ArgumentRules, SayWhyAnOptimizerOfPythonsIsNotToBeHad) {
  EXPECT_EQ(refusals({{"optim", "adamw_8bit"}}),
            Lines{"optim 'adamw_8bit' is not offered: its state is kept in 8 bits, which torchhub "
                  "does not do. Use one of adamw_torch, adamw_torch_fused, sgd, adagrad, rmsprop, "
                  "adafactor."});
  const std::vector<std::string> words{"--optim", "galore_adamw", "--max_steps", "ten"};
  try {
    parse_command_line(words);
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    ASSERT_EQ(error.problems().size(), 2U);
    EXPECT_NE(error.problems()[1].find("'galore_adamw' is not offered: it projects gradients"),
              std::string::npos)
        << error.what();
  }
}

TEST(ArgumentRules, TurnDoEvalOnWhereAStrategyEvaluates) {
  EXPECT_FALSE(read({{"eval_strategy", "no"}}).do_eval);
  EXPECT_TRUE(read({{"eval_strategy", "epoch"}}).do_eval);
  EXPECT_TRUE(read({{"do_eval", true}}).do_eval);
}

TEST(ArgumentRules, TakeLoggingStepsForEvalStepsThatAreUnsetOrZero) {
  using enum IntervalStrategy;
  for (const auto eval_steps : {std::optional<double>(), std::optional(0.0)}) {
    TrainingArguments a{.max_steps = 100, .logging_steps = 7, .eval_strategy = steps};
    a.eval_steps = eval_steps;
    EXPECT_EQ(make_plan(a, 8).eval_steps, 7);
    a.logging_strategy = epoch;
    a.logging_steps = 0;
    EXPECT_EQ(problems(a),
              Lines{"eval_steps (unset or 0, so logging_steps) is 0; it must be above 0: a number "
                    "of updates, or a fraction of all below 1."});
  }
}

TEST(ArgumentRules, WantWholeNumbersOfUpdatesAboveOne) {
  EXPECT_EQ(problems({.eval_strategy = IntervalStrategy::steps, .eval_steps = 1.5}),
            Lines{"eval_steps is 1.5; it must be a whole number where it is above 1."});
  EXPECT_EQ(problems({.save_steps = 10.25}),
            Lines{"save_steps is 10.25; it must be a whole number where it is above 1."});
  EXPECT_EQ(problems({.save_steps = -1}).size(), 1U);  // Python then saves at the end only
  EXPECT_EQ(make_plan({.max_steps = 50, .save_steps = 10}, 8).save_steps, 10);
}

TEST(ArgumentRules, NameTheBestMetricOfASchedulerThatFollowsOne) {
  for (const auto type : {SchedulerType::reduce_lr_on_plateau, SchedulerType::greedy}) {
    TrainingArguments a{.lr_scheduler_type = type};
    EXPECT_EQ(problems(a), Lines{"lr_scheduler_type is " + to_string(type) +
                                 ", but eval_strategy is no; it follows a metric, so evaluate by "
                                 "steps or epoch."});
    a.eval_strategy = IntervalStrategy::epoch;
    const TrainingPlan plan = make_plan(a, 8);
    EXPECT_EQ(plan.metric_for_best_model, "eval_loss");
    EXPECT_FALSE(plan.greater_is_better);
  }
  EXPECT_FALSE(make_plan({.metric_for_best_model = "eval_my_loss"}, 8).greater_is_better);
  EXPECT_TRUE(make_plan({.metric_for_best_model = "lossless"}, 8).greater_is_better);
}

TEST(ArgumentRules, KeepHalfPrecisionsApart) {
  EXPECT_EQ(problems({.bf16_full_eval = true, .fp16_full_eval = true}),
            Lines{"fp16_full_eval and bf16_full_eval are both true; choose one."});
  EXPECT_TRUE(problems({.bf16 = true, .fp16_full_eval = true}).empty());  // as in Python
}

TEST(ArgumentRules, MakeAListOfReportTo) {
  EXPECT_EQ(read({{"report_to", "none"}}).report_to, Lines{});
  EXPECT_EQ(read({{"report_to", {"none"}}}).report_to, Lines{});
  EXPECT_EQ(read({{"report_to", "csv"}}).report_to, Lines{"csv"});
  EXPECT_EQ(read({{"report_to", {"csv", "jsonl"}}}).report_to, (Lines{"csv", "jsonl"}));
  EXPECT_EQ(refusals({{"report_to", 3}}),
            Lines{"report_to is 3; it must be a word or a list of words."});
}

TEST(ArgumentRules, WantAboveZeroOrNothing) {
  EXPECT_EQ(refusals({{"torch_empty_cache_steps", 1.5}}),
            Lines{"torch_empty_cache_steps is 1.5; it must be a whole number."});
  EXPECT_EQ(problems({.torch_empty_cache_steps = -3}),
            Lines{"torch_empty_cache_steps is -3; it must be above 0."});
  EXPECT_EQ(problems({.dataloader_num_workers = 2, .dataloader_prefetch_factor = 0}),
            Lines{"dataloader_prefetch_factor is 0; it must be above 0."});
}

TEST(ArgumentRules, PinNothingOnTheCpu) {
  EXPECT_TRUE(read(Json::object()).dataloader_pin_memory);
  EXPECT_FALSE(read({{"use_cpu", true}}).dataloader_pin_memory);
}

}  // namespace
}  // namespace torchhub
