#include "support/child_process.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/training/arguments.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

CommandLine parse(const std::vector<std::string>& words, const TrainingArguments& defaults = {}) {
  return parse_command_line(words, defaults);
}

TEST(CommandLine, ReadsEveryKindOfField) {
  const TrainingArguments a =
      parse({"--output_dir", "out", "--learning_rate", "5e-5", "--max_steps=10", "--push_to_hub",
             "--optim", "adafactor", "--report_to", "csv", "tensorboard", "--lr-scheduler-type",
             "cosine_with_min_lr", "--lr_scheduler_kwargs", R"({"min_lr": 1e-6})", "--seed", "7",
             "--hub_private_repo", "false"})
          .args;
  EXPECT_EQ(a.output_dir, "out");
  EXPECT_EQ(a.learning_rate, 5e-5);
  EXPECT_EQ(a.max_steps, 10);
  EXPECT_TRUE(a.push_to_hub);
  EXPECT_EQ(a.optim, OptimizerName::adafactor);
  EXPECT_EQ(a.report_to, (std::vector<std::string>{"csv", "tensorboard"}));
  EXPECT_EQ(a.lr_scheduler_type, SchedulerType::cosine_with_min_lr);
  EXPECT_EQ(*a.lr_scheduler_kwargs, (LogRow{{"min_lr", 1e-6}}));
  EXPECT_EQ(a.seed, 7U);
  EXPECT_EQ(a.hub_private_repo, false);
}

TEST(CommandLine, TurnsFlagsOnAndOff) {
  EXPECT_TRUE(parse({"--bf16"}).args.bf16);
  EXPECT_TRUE(parse({"--bf16", "true"}).args.bf16);
  EXPECT_FALSE(parse({"--bf16=false"}, {.bf16 = true}).args.bf16);
  EXPECT_FALSE(parse({"--no_remove_unused_columns"}).args.remove_unused_columns);
  EXPECT_FALSE(parse({"--no-dataloader-pin-memory"}).args.dataloader_pin_memory);
}

TEST(CommandLine, KeepsTheProgramsOwnDefaults) {
  const TrainingArguments a = parse({"--max_steps", "5"}, {.learning_rate = 0.1}).args;
  EXPECT_EQ(a.learning_rate, 0.1);
  EXPECT_EQ(a.max_steps, 5);
}

TEST(CommandLine, LeavesWhatIsNotItsOwnInOrder) {
  const CommandLine line =
      parse({"data.csv", "--bf16", "--model", "bert", "--", "--max_steps", "3"});
  EXPECT_TRUE(line.args.bf16);
  EXPECT_EQ(line.args.max_steps, -1);
  EXPECT_EQ(line.rest,
            (std::vector<std::string>{"data.csv", "--model", "bert", "--max_steps", "3"}));
}

TEST(CommandLine, TakesNegativeNumbers) {
  EXPECT_EQ(parse({"--max_steps", "-1"}).args.max_steps, -1);
}

TEST(CommandLine, StartsFromAJsonFile) {
  const testing::TempDir folder;
  write_file_atomically(folder / "a.json", R"({"max_steps": 3, "learning_rate": 0.5})");
  const TrainingArguments a = parse({(folder / "a.json").string(), "--max_steps", "4"}).args;
  EXPECT_EQ(a.max_steps, 4);
  EXPECT_EQ(a.learning_rate, 0.5);
}

TEST(CommandLine, UnderstandsOldNames) {
  EXPECT_EQ(parse({"--evaluation_strategy", "epoch"}).args.eval_strategy, IntervalStrategy::epoch);
  EXPECT_TRUE(parse({"--no_cuda"}).args.use_cpu);
  EXPECT_EQ(parse({"--warmup_ratio", "0.1"}).args.warmup_steps, 0.1);
  EXPECT_EQ(parse({"--warmup_ratio", "1"}).args.warmup_steps, 1);
  EXPECT_EQ(parse({"--evaluation_strategy", "no"}).args.eval_strategy, IntervalStrategy::no);
  EXPECT_EQ(parse({"--per_gpu_train_batch_size", "1"}).args.per_device_train_batch_size, 1);
  EXPECT_EQ(parse({"--push_to_hub_organization", "no"}).args.hub_model_id, "no/trainer_output");
  TrainingArguments own;
  own.output_dir = "runs/mine";
  EXPECT_EQ(parse_command_line(std::vector<std::string>{"--push_to_hub_organization", "ana"}, own)
                .args.hub_model_id,
            "ana/mine");
}

TEST(CommandLine, ReadsNumbersAsPythonDoes) {
  EXPECT_EQ(parse({"--weight_decay", ".01"}).args.weight_decay, 0.01);
  EXPECT_EQ(parse({"--num_train_epochs", "3."}).args.num_train_epochs, 3);
  EXPECT_EQ(parse({"--learning_rate", "+1e-4"}).args.learning_rate, 1e-4);
  EXPECT_EQ(parse({"--max_steps", "+7"}).args.max_steps, 7);
  for (const char* word : {"1e", ".", "+", "0x10", "inf", "1e999", "1 ", "1,5"}) {
    EXPECT_THROW(parse({"--learning_rate", word}), InvalidArgumentError) << word;
  }
}

TEST(CommandLine, TakesAFieldThatWasAFlagAsOne) {
  const auto counted = [](std::initializer_list<std::string> words) {
    return parse(words).args.include_num_input_tokens_seen;
  };
  EXPECT_EQ(counted({"--include_num_input_tokens_seen"}), InputTokensSeen::all);
  EXPECT_EQ(counted({"--include_num_input_tokens_seen", "true"}), InputTokensSeen::all);
  EXPECT_EQ(counted({"--include_num_input_tokens_seen=False"}), InputTokensSeen::no);
  EXPECT_EQ(counted({"--include_num_input_tokens_seen", "non_padding"}),
            InputTokensSeen::non_padding);
}

TEST(CommandLine, NamesAllMistakesAtOnce) {
  const std::string text = testing::message_of<InvalidArgumentError>([] {
    parse({"--max_steps", "ten", "--optim", "adamx", "--bf16=perhaps", "--learning_rate"});
  });
  for (const char* part :
       {"max_steps is \"ten\"; it must be a whole number.", "optim is \"adamx\"; it must be one of",
        "bf16 is \"perhaps\"; it must be true or false.", "--learning_rate needs a value."}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST(CommandLine, HelpNamesEveryFieldAndNoToken) {
  const std::string text = command_line_help("train", {.learning_rate = 0.25, .hub_token = "hf_s"});
  EXPECT_NE(text.find("  --learning_rate NUMBER\n      Peak learning rate, after warm-up (default: "
                      "0.25)\n"),
            std::string::npos);
  EXPECT_NE(text.find("--save_strategy no|steps|epoch|best"), std::string::npos);
  EXPECT_EQ(text.find("hf_s"), std::string::npos);
  EXPECT_EQ(text.find("deepspeed"), std::string::npos);
}

/// A program whose main() is `parse_arguments(argc, argv)` and a line of output.
TEST(ParseArguments, MakesAProgramOfOneLine) {
  const auto run = [](const std::vector<std::string>& words) {
    std::vector<std::string> command{ARGUMENTS_PROGRAM};
    command.insert(command.end(), words.begin(), words.end());
    return testing::run(command);
  };
  const auto fine = run({"--learning_rate", "0.25"});
  EXPECT_EQ(fine.exit_code, 0);
  EXPECT_EQ(fine.output, "learning_rate 0.25\n");
  const auto help = run({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.output.find("--learning_rate NUMBER"), std::string::npos);
  const auto wrong = run({"--max_steps", "ten"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.errors.find("max_steps is \"ten\""), std::string::npos);
  const auto unknown = run({"--model", "x"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.errors.find("unknown: '--model'"), std::string::npos);
}

}  // namespace
}  // namespace torchhub
