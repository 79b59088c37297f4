// The checks and fallbacks that transformers 5.12 makes once its TrainingArguments are there
// (`__post_init__`), in its order; those that arguments_test.cpp breaks one by one are not
// repeated.
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/training/arguments.h"
#include "torchhub/training/plan.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>

namespace torchhub {
namespace {

using nlohmann::ordered_json;
using Lines = std::vector<std::string>;

TrainingArguments read(const ordered_json& json) { return training_arguments_from_json(json); }

Lines refusals(const ordered_json& json) {
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
  EXPECT_EQ(read(ordered_json::object()).output_dir, "trainer_output");
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
  EXPECT_EQ(refusals({{"accelerator_config", {{"use_configured_state", true}}}}).size(), 1U);
  EXPECT_TRUE(refusals({{"accelerator_config", {{"use_configured_state", false}}}}).empty());
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

TEST(ArgumentRules, WantFractionsOfWhichOneIsAMultipleWhereTheBestModelIsLoaded) {
  const auto problems_with = [](double eval_steps, double save_steps) {
    return problems({.eval_strategy = IntervalStrategy::steps,
                     .eval_steps = eval_steps,
                     .save_steps = save_steps,
                     .load_best_model_at_end = true});
  };
  EXPECT_EQ(problems_with(0.2, 0.3),
            Lines{"load_best_model_at_end needs save_steps to be a multiple of eval_steps; they "
                  "are 0.3 and 0.2."});
  EXPECT_EQ(problems_with(0.2, 0.4), Lines{});
  EXPECT_EQ(problems_with(0.1, 0.7), Lines{}) << "though 0.7 / 0.1 is no whole number here";
  EXPECT_EQ(problems_with(0.4, 0.2).size(), 1U);
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
  EXPECT_TRUE(read(ordered_json::object()).dataloader_pin_memory);
  EXPECT_FALSE(read({{"use_cpu", true}}).dataloader_pin_memory);
}

/// The lines that `call` logs.
template <typename Call>
std::string logged_by(Call&& call) {
  std::string lines;
  log::set_sink([&](log::Level, std::string_view line) { lines += std::string(line) + "\n"; });
  call();
  log::set_sink({});
  return lines;
}

TEST(ArgumentRules, TakeEachNameOfAnOlderVersionForTheOneOfToday) {
  for (const auto& [old_names, name, value] :
       std::initializer_list<std::tuple<ordered_json, ordered_json, ordered_json>>{
           {{{"evaluation_strategy", "epoch"}}, "eval_strategy", "epoch"},
           {{{"per_gpu_train_batch_size", 3}}, "per_device_train_batch_size", 3},
           {{{"per_gpu_eval_batch_size", 3}}, "per_device_eval_batch_size", 3},
           {{{"no_cuda", true}}, "use_cpu", true},
           {{{"group_by_length", true}}, "train_sampling_strategy", "group_by_length"},
           {{{"adafactor", true}}, "optim", "adafactor"},
           {{{"warmup_ratio", 0.25}}, "warmup_steps", 0.25},
           {{{"include_inputs_for_metrics", true}},
            "include_for_metrics",
            ordered_json::array({"inputs"})},
           {{{"include_tokens_per_second", true}}, "include_num_input_tokens_seen", "all"},
           {{{"dispatch_batches", false}}, "accelerator_config", {{"dispatch_batches", false}}},
           {{{"split_batches", true}}, "accelerator_config", {{"split_batches", true}}},
           {{{"push_to_hub_model_id", "net"}}, "hub_model_id", "net"},
           {{{"push_to_hub_model_id", "net"}, {"push_to_hub_organization", "ana"}},
            "hub_model_id",
            "ana/net"},
           {{{"push_to_hub_token", "hf_secret"}}, "hub_token", "hf_secret"}}) {
    SCOPED_TRACE(old_names.dump());
    TrainingArguments taken;
    const std::string lines = logged_by([&] { taken = read(old_names); });
    const TrainingArguments of_today = read({{name.get<std::string>(), value}});
    EXPECT_EQ(to_json(taken), to_json(of_today));
    EXPECT_EQ(taken.hub_token, of_today.hub_token);
    EXPECT_TRUE(taken.hub_token || to_json(taken) != to_json(TrainingArguments{}));
    EXPECT_NE(lines.find("old=" + old_names.begin().key()), std::string::npos) << lines;
    EXPECT_EQ(lines.find("hf_secret"), std::string::npos);
  }
}

// What version 4 lets win too: its files hold every field of today beside the old one.
TEST(ArgumentRules, TakeAnOldNameBesideADefaultOfToday) {
  for (const auto& [old_name, old_value, name, beside, value] : std::initializer_list<
           std::tuple<const char*, ordered_json, const char*, ordered_json, ordered_json>>{
           {"evaluation_strategy", "steps", "eval_strategy", "no", "steps"},
           {"per_gpu_train_batch_size", 16, "per_device_train_batch_size", 8, 16},
           {"per_gpu_eval_batch_size", 16, "per_device_eval_batch_size", 8, 16},
           {"no_cuda", true, "use_cpu", false, true},
           {"push_to_hub_model_id", "net", "hub_model_id", nullptr, "net"},
           {"group_by_length", true, "train_sampling_strategy", "random", "group_by_length"},
           {"adafactor", true, "optim", "adamw_torch", "adafactor"},
           {"adafactor", true, "optim", "adamw_torch_fused", "adafactor"},
           {"include_inputs_for_metrics", true, "include_for_metrics", ordered_json::array(),
            ordered_json::array({"inputs"})},
           {"include_tokens_per_second", true, "include_num_input_tokens_seen", false, "all"},
           {"include_tokens_per_second", true, "include_num_input_tokens_seen", "no", "all"}}) {
    SCOPED_TRACE(old_name);
    TrainingArguments taken;
    const std::string lines = logged_by([&] {
      taken = read({{name, beside}, {old_name, old_value}});
    });
    EXPECT_EQ(to_json(taken).at(name), value);
    EXPECT_NE(lines.find(std::string("argument_renamed old=") + old_name), std::string::npos)
        << lines;
  }
  EXPECT_EQ(read({{"push_to_hub_token", "hf_old"}, {"hub_token", "<HUB_TOKEN>"}}).hub_token,
            "hf_old");
}

TEST(ArgumentRules, TakeTheNameOfTodayWhereBothSaySomething) {
  TrainingArguments taken;
  const std::string lines = logged_by([&] {
    taken = read({{"per_device_train_batch_size", 4},
                  {"per_gpu_train_batch_size", 16},
                  {"eval_strategy", "epoch"},
                  {"evaluation_strategy", "no"},
                  {"optim", "sgd"},
                  {"adafactor", true}});
  });
  EXPECT_EQ(taken.per_device_train_batch_size, 4);
  EXPECT_EQ(taken.eval_strategy, IntervalStrategy::epoch);
  EXPECT_EQ(taken.optim, OptimizerName::sgd);
  for (const char* old_name : {"per_gpu_train_batch_size", "adafactor"}) {
    EXPECT_NE(lines.find(std::string("argument_given_twice old=") + old_name), std::string::npos)
        << lines;
  }
  EXPECT_EQ(lines.find("evaluation_strategy"), std::string::npos) << "it says nothing";
}

TEST(ArgumentRules, NameARepositoryOfAnOrganizationAsTheOutputFolder) {
  EXPECT_EQ(read({{"push_to_hub_organization", "ana"}}).hub_model_id, "ana/trainer_output");
  EXPECT_EQ(read({{"push_to_hub_organization", "ana"}, {"output_dir", "runs/first/"}}).hub_model_id,
            "ana/first");
  EXPECT_EQ(read({{"push_to_hub_organization", "ana"}, {"output_dir", "."}}).hub_model_id,
            "ana/" + std::filesystem::current_path().filename().string());
}

TEST(ArgumentRules, PutOldFlagsBesideTheTextOfAMap) {
  const TrainingArguments taken =
      read({{"split_batches", true}, {"accelerator_config", R"({"even_batches": "False"})"}});
  EXPECT_TRUE(taken.accelerator_config.split_batches);
  EXPECT_FALSE(taken.accelerator_config.even_batches);
  EXPECT_TRUE(read({{"accelerator_config", nullptr}}).accelerator_config.even_batches);
  EXPECT_THROW(read({{"split_batches", true}, {"accelerator_config", "{"}}), InvalidArgumentError);
}

// What version 4.46 writes where nothing is set: no warning about what nobody asked for.
TEST(ArgumentRules, TakeTheDefaultsOfAnOlderVersionWithoutAWord) {
  TrainingArguments taken;
  EXPECT_EQ(logged_by([&] {
              taken = read({{"output_dir", "trainer_output"},
                            {"overwrite_output_dir", false},
                            {"eval_strategy", "no"},
                            {"evaluation_strategy", nullptr},
                            {"per_gpu_train_batch_size", nullptr},
                            {"per_gpu_eval_batch_size", nullptr},
                            {"warmup_ratio", 0.0},
                            {"warmup_steps", 0},
                            {"save_safetensors", true},
                            {"no_cuda", false},
                            {"use_cpu", false},
                            {"use_mps_device", false},
                            {"jit_mode_eval", false},
                            {"use_ipex", false},
                            {"fp16_opt_level", "O1"},
                            {"half_precision_backend", "auto"},
                            {"fp16_backend", "auto"},
                            {"tpu_num_cores", nullptr},
                            {"tpu_metrics_debug", false},
                            {"past_index", -1},
                            {"fsdp", ordered_json::array()},
                            {"fsdp_min_num_params", 0},
                            {"fsdp_transformer_layer_cls_to_wrap", nullptr},
                            {"adafactor", false},
                            {"group_by_length", false},
                            {"include_inputs_for_metrics", false},
                            {"include_tokens_per_second", false},
                            {"include_num_input_tokens_seen", false},
                            {"push_to_hub_model_id", nullptr},
                            {"push_to_hub_organization", nullptr},
                            {"push_to_hub_token", "<PUSH_TO_HUB_TOKEN>"},
                            {"hub_token", "<HUB_TOKEN>"},
                            {"mp_parameters", ""},
                            {"torchdynamo", nullptr},
                            {"ray_scope", "last"},
                            {"torch_compile", false},
                            {"dispatch_batches", nullptr},
                            {"split_batches", nullptr}});
            }),
            "");
  EXPECT_EQ(to_json(taken), to_json(TrainingArguments{}));
}

TEST(ArgumentRules, TakeMapsInWhichEverythingIsOff) {
  const ordered_json off{{"min_num_params", 0}, {"xla", false}, {"xla_fsdp_v2", false}};
  EXPECT_EQ(to_json(read({{"fsdp_config", off}})), to_json(TrainingArguments{}));
  EXPECT_THROW(read({{"fsdp_config", {{"min_num_params", 0}, {"xla", true}}}}),
               InvalidArgumentError);
}

TEST(ArgumentRules, PassOverNamesThatMeanNothingAnyMoreWithAWarning) {
  for (const char* name :
       {"overwrite_output_dir", "use_mps_device", "jit_mode_eval", "use_ipex", "fp16_opt_level",
        "fp16_backend", "half_precision_backend", "tpu_num_cores", "tpu_metrics_debug",
        "past_index", "fsdp_min_num_params", "fsdp_transformer_layer_cls_to_wrap",
        "use_legacy_prediction_loop", "mp_parameters", "torchdynamo", "ray_scope",
        "save_safetensors"}) {
    TrainingArguments taken;
    const std::string lines = logged_by([&] { taken = read({{name, "x"}}); });
    EXPECT_EQ(to_json(taken), to_json(TrainingArguments{})) << name;
    EXPECT_NE(lines.find(std::string("argument_ignored name=") + name), std::string::npos) << lines;
  }
}

}  // namespace
}  // namespace torchhub
