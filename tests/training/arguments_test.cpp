#include "torchhub/training/arguments.h"

#include "support/golden.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {
namespace {

bool holds(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

TEST(TrainingArguments, AreFineByDefault) { EXPECT_TRUE(problems(TrainingArguments{}).empty()); }

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

// Golden: transformers 5.12.1 (tools/make_golden_arguments.py).
TEST(TrainingArguments, HavePythonsFieldsOrderAndDefaults) {
  const auto python =
      nlohmann::ordered_json::parse(testing::golden("training/arguments.json")).at("arguments");
  nlohmann::ordered_json ours = to_json(TrainingArguments{});
  // Ours differ: the callbacks' states come back (TD-13), and two fields show what was asked for.
  EXPECT_EQ(ours.at("restore_callback_states_from_checkpoint"), true);
  ours["restore_callback_states_from_checkpoint"] = false;
  EXPECT_EQ(ours.at("disable_tqdm"), nullptr);
  ours["disable_tqdm"] = false;
  EXPECT_EQ(ours.dump(1), python.dump(1));
}

TEST(TrainingArguments, SurviveJson) {
  const TrainingArguments arguments{
      .output_dir = "out",
      .num_train_epochs = 1.5,
      .max_steps = 7,
      .lr_scheduler_type = SchedulerType::cosine_with_min_lr,
      .lr_scheduler_kwargs = LogRow{{"min_lr_rate", 0.1}, {"num_cycles", std::int64_t{2}}},
      .optim = OptimizerName::adafactor,
      .optim_args = "scale_parameter=true",
      .include_num_input_tokens_seen = InputTokensSeen::non_padding,
      .report_to = {"tensorboard", "csv"},
      .eval_strategy = IntervalStrategy::epoch,
      .eval_steps = 0.25,
      .save_strategy = SaveStrategy::best,
      .save_total_limit = 3,
      .push_to_hub = true,
      .hub_private_repo = true,
      .hub_strategy = HubStrategy::all_checkpoints,
      .metric_for_best_model = "accuracy",
      .seed = 5,
      .data_seed = 6,
      .accelerator_config = {.split_batches = true},
      .label_names = std::vector<std::string>{"labels"},
      .train_sampling_strategy = SamplingStrategy::group_by_length,
      .do_eval = true};
  const nlohmann::ordered_json json = to_json(arguments);
  EXPECT_EQ(to_json(training_arguments_from_json(json)), json);
  EXPECT_EQ(json.at("hub_strategy"), "all_checkpoints");
  EXPECT_EQ(json.at("lr_scheduler_kwargs"),
            (nlohmann::ordered_json{{"min_lr_rate", 0.1}, {"num_cycles", 2}}));
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
                      "save_strategy is \"sometimes\"; it must be one of no, steps, epoch, best."));
    EXPECT_TRUE(holds(error.problems(), "'lr' is not a field of TrainingArguments."));
  }
}

TEST(TrainingArguments, NeverRepeatATokenOfTheWrongType) {
  try {
    training_arguments_from_json({{"hub_token", {"hf_secret"}}});
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_TRUE(holds(error.problems(), "hub_token is (hidden); it must be text."));
    EXPECT_EQ(std::string(error.what()).find("hf_secret"), std::string::npos);
  }
}

TEST(TrainingArguments, RefuseWhatOnlyPythonCanDo) {
  try {
    training_arguments_from_json({{"torch_compile", true}, {"deepspeed", {{"stage", 2}}}});
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgumentError& error) {
    EXPECT_TRUE(holds(error.problems(),
                      "torch_compile is true; it must be left out, because it compiles Python "
                      "code."));
    EXPECT_EQ(error.problems().size(), 2U);
  }
  EXPECT_NO_THROW(training_arguments_from_json({{"torch_compile", false}, {"fsdp", ""}}));
}

TEST(TrainingArguments, UnderstandNamesOfOlderVersions) {
  const TrainingArguments a = training_arguments_from_json({{"evaluation_strategy", "epoch"},
                                                            {"per_gpu_train_batch_size", 3},
                                                            {"no_cuda", true},
                                                            {"group_by_length", true},
                                                            {"adafactor", true},
                                                            {"warmup_ratio", 0.25},
                                                            {"include_inputs_for_metrics", true},
                                                            {"split_batches", true},
                                                            {"push_to_hub_model_id", "net"},
                                                            {"push_to_hub_organization", "ana"},
                                                            {"overwrite_output_dir", true},
                                                            {"save_safetensors", true}});
  EXPECT_EQ(a.eval_strategy, IntervalStrategy::epoch);
  EXPECT_EQ(a.per_device_train_batch_size, 3);
  EXPECT_TRUE(a.use_cpu);
  EXPECT_EQ(a.train_sampling_strategy, SamplingStrategy::group_by_length);
  EXPECT_EQ(a.optim, OptimizerName::adafactor);
  EXPECT_EQ(a.warmup_steps, 0.25);
  EXPECT_EQ(a.include_for_metrics, std::vector<std::string>{"inputs"});
  EXPECT_TRUE(a.accelerator_config.split_batches);
  EXPECT_EQ(a.hub_model_id, "ana/net");
}

TEST(TrainingArguments, PreferWarmUpStepsToTheOldRatio) {
  EXPECT_EQ(
      training_arguments_from_json({{"warmup_steps", 10}, {"warmup_ratio", 0.5}}).warmup_steps, 10);
  EXPECT_THROW(training_arguments_from_json({{"warmup_ratio", 1.5}}), InvalidArgumentError);
}

TEST(TrainingArguments, TypeWordsInMapsAsPythonDoes) {
  const TrainingArguments a = training_arguments_from_json(
      {{"lr_scheduler_kwargs", R"({"num_cycles": "2", "min_lr": "1e-6", "fast": "True"})"}});
  EXPECT_EQ(*a.lr_scheduler_kwargs,
            (LogRow{{"num_cycles", std::int64_t{2}}, {"min_lr", 1e-6}, {"fast", true}}));
}

// The rules of transformers 5.12 after construction, each broken alone.
TEST(TrainingArguments, CheckWhatBelongsTogether) {
  const auto only = [](const TrainingArguments& arguments) {
    const auto found = problems(arguments);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? std::string() : found.front();
  };
  using enum IntervalStrategy;
  EXPECT_EQ(
      only({.eval_strategy = epoch, .load_best_model_at_end = true}),
      "load_best_model_at_end needs eval_strategy and save_strategy alike; they are epoch and "
      "steps.");
  EXPECT_EQ(only({.eval_strategy = steps,
                  .eval_steps = 200,
                  .save_steps = 500,
                  .load_best_model_at_end = true}),
            "load_best_model_at_end needs save_steps to be a multiple of eval_steps; they are 500 "
            "and 200.");
  EXPECT_EQ(only({.eval_strategy = steps,
                  .eval_steps = 0.1,
                  .save_steps = 500,
                  .load_best_model_at_end = true}),
            "load_best_model_at_end needs eval_steps and save_steps both as numbers of updates or "
            "both as fractions; they are 0.1 and 500.");
  EXPECT_TRUE(problems({.eval_strategy = steps,
                        .eval_steps = 0.1,
                        .save_steps = 0.3,
                        .load_best_model_at_end = true})
                  .empty());
  EXPECT_TRUE(problems({.eval_strategy = epoch,
                        .save_strategy = SaveStrategy::best,
                        .load_best_model_at_end = true})
                  .empty());
  for (const SchedulerType type : {SchedulerType::reduce_lr_on_plateau, SchedulerType::greedy}) {
    EXPECT_TRUE(problems({.lr_scheduler_type = type,
                          .eval_strategy = epoch,
                          .save_strategy = SaveStrategy::best})
                    .empty())
        << "it follows the loss, which is then the metric";
  }
  EXPECT_EQ(only({.eval_strategy = epoch, .save_strategy = SaveStrategy::best}),
            "save_strategy is best, but metric_for_best_model is unset; name the metric.");
  EXPECT_EQ(only({.lr_scheduler_type = SchedulerType::reduce_lr_on_plateau}),
            "lr_scheduler_type is reduce_lr_on_plateau, but eval_strategy is no; it follows a "
            "metric, so evaluate by steps or epoch.");
  EXPECT_EQ(only({.bf16 = true, .fp16 = true}), "fp16 and bf16 are both true; choose one.");
  EXPECT_EQ(only({.logging_steps = 0}),
            "logging_steps is 0; it must be above 0: a number of updates, or a fraction of all "
            "below 1.");
  EXPECT_EQ(only({.warmup_steps = -1}),
            "warmup_steps is -1; it must be 0 or above: a number of updates, or a fraction of all "
            "below 1.");
  EXPECT_EQ(only({.torch_empty_cache_steps = 0}),
            "torch_empty_cache_steps is 0; it must be above 0.");
  EXPECT_EQ(only({.log_level = "loud"}),
            "log_level is 'loud'; it must be one of debug, info, warning, error, critical, "
            "passive.");
}

TEST(TrainingArguments, PrintSortedAndWithoutTheToken) {
  const std::string text = to_string(TrainingArguments{.learning_rate = 0.5, .hub_token = "hf_s"});
  EXPECT_NE(text.find("\nlearning_rate=0.5,\nlength_column_name=\"length\",\n"), std::string::npos);
  EXPECT_EQ(text.find("hf_s"), std::string::npos);
}

TEST(TrainingArguments, GiveTrackersOnlyPlainValues) {
  const auto json = to_sanitized_json({.per_device_train_batch_size = 3});
  EXPECT_EQ(json.at("train_batch_size"), 3);
  EXPECT_EQ(json.at("report_to"), "[]");
  EXPECT_EQ(json.at("run_name"), "None");
}

}  // namespace
}  // namespace torchhub
