#include "torchhub/callbacks/logging_callback.h"

#include "callbacks/run_event.h"
#include "support/message_of.h"
#include "support/small_disk.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"
#include "torchhub/callbacks/jsonl_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace torchhub {
namespace {

using testing::TempDir;
using testing::TestRun;

/// A logger of a user's own: it keeps what it is told, as lines.
class Notebook final : public ExperimentLogger {
 public:
  std::string name() const override { return "NotebookCallback"; }
  void begin(const RunFacts& run) override {
    facts = run;
    lines.push_back(fmt::format("begin at {}", run.global_step));
  }
  void scalars(std::int64_t step, const std::vector<LoggedScalar>& scalars) override {
    std::string line = fmt::format("{}:", step);
    for (const auto& [tag, value] : scalars) line += fmt::format(" {}={}", tag, value);
    lines.push_back(line);
  }
  void text(std::string_view tag, std::int64_t step, std::string_view text) override {
    lines.push_back(fmt::format("{}: {} is {}", step, tag, text));
  }
  void end() override { lines.emplace_back("end"); }

  RunFacts facts = {};
  std::vector<std::string> lines;
};

using Lines = std::vector<std::string>;

TEST(LoggingCallback, TellsOfARunInTheWordsOfTransformers) {
  const auto notebook = std::make_shared<Notebook>();
  LoggingCallback callback(notebook);
  TestRun run;
  callback.on_train_begin(run.at(0));
  callback.on_log(run.at(1), {{"loss", 0.5}, {"num_input_tokens_seen", std::int64_t{64}}});
  callback.on_log(run.at(2), {{"eval_loss", 0.25}, {"eval_f1_macro", 1.0}, {"epoch", 0.5}});
  callback.on_log(run.at(3), {{"test_loss", 2.0}, {"evaluation", true}, {"note", "fine"}});
  callback.on_train_end(run.at(3));
  EXPECT_EQ(callback.name(), "NotebookCallback");
  EXPECT_EQ(notebook->lines,
            (Lines{"begin at 0", "1: train/loss=0.5 train/num_input_tokens_seen=64",
                   "2: eval/loss=0.25 eval/f1_macro=1 train/epoch=0.5", "3: train/note is fine",
                   "3: test/loss=2 train/evaluation=1", "end"}));
}

TEST(LoggingCallback, TellsWhatTheRunIs) {
  const auto notebook = std::make_shared<Notebook>();
  LoggingCallback callback(notebook);
  TestRun run;
  run.args.output_dir = "out/tiny/";
  run.args.hub_token = "hf_secret";
  run.model = testing::tiny_model();
  run.state.trial_name = "run-3";
  callback.on_train_begin(run.at(7));
  EXPECT_EQ(notebook->facts.output_dir, "out/tiny/");
  EXPECT_EQ(notebook->facts.run_name, "tiny");
  EXPECT_EQ(notebook->facts.global_step, 7);
  EXPECT_NE(notebook->facts.args_json.find("\"learning_rate\": 5e-05,\n"), std::string::npos);
  EXPECT_EQ(notebook->facts.args_json.find("hf_secret"), std::string::npos);
  ASSERT_TRUE(notebook->facts.model_config_json);
  EXPECT_NE(notebook->facts.model_config_json->find("\"model_type\": \"tiny\""), std::string::npos);
  EXPECT_EQ(notebook->facts.trial_name, std::nullopt);  // it is no search

  run.state.is_hyper_param_search = true;
  run.model = std::make_shared<torch::nn::Module>();
  LoggingCallback named(notebook, "my run");
  named.on_train_begin(run.at(0));
  EXPECT_EQ(notebook->facts.run_name, "my run");
  EXPECT_EQ(notebook->facts.trial_name, "run-3");
  EXPECT_EQ(notebook->facts.model_config_json, std::nullopt);
}

TEST(LoggingCallback, DropsWhatIsNeitherNumberNorTextWithOneWarning) {
  const auto notebook = std::make_shared<Notebook>();
  LoggingCallback callback(notebook);
  TestRun run;
  std::vector<std::string> warnings;
  log::set_sink([&](log::Level, std::string_view line) { warnings.emplace_back(line); });
  callback.on_log(run.at(1), {{"loss", 0.5}, {"best", nullptr}});
  callback.on_log(run.at(2), {{"best", nullptr}});
  log::set_sink({});
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("log_value_dropped"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[0].find("key=best"), std::string::npos) << warnings[0];
  EXPECT_EQ(notebook->lines, (Lines{"begin at 1", "1: train/loss=0.5"}));
}

TEST(LoggingCallback, BeginsAgainForLogsOutsideTheTraining) {
  const auto notebook = std::make_shared<Notebook>();
  LoggingCallback callback(notebook);
  TestRun run;
  callback.on_log(run.at(0), {{"eval_loss", 3.0}});
  callback.on_train_begin(run.at(0));
  callback.on_train_end(run.at(9));
  callback.on_log(run.at(9), {{"eval_loss", 1.0}});
  callback.on_train_end(run.at(9));
  EXPECT_EQ(notebook->lines, (Lines{"begin at 0", "0: eval/loss=3", "end", "begin at 0", "end",
                                    "begin at 9", "9: eval/loss=1", "end"}));
}

TEST(LoggingCallback, NeedsALogger) {
  EXPECT_EQ(testing::message_of<InvalidArgumentError>([] { LoggingCallback callback(nullptr); }),
            "LoggingCallback needs a logger.");
}

TEST(JsonlLog, LeavesHalfALineOfAKilledRunAlone) {
  const TempDir folder;
  write_file_atomically(folder / "log.jsonl", "{\"loss\": 0.5}\n{\"lo");
  JsonlLogCallback jsonl(folder / "log.jsonl");
  TestRun run;
  jsonl.on_log(run.at(1), {{"loss", 1.0}});
  EXPECT_TRUE(read_file(folder / "log.jsonl")
                  .starts_with("{\"loss\": 0.5}\n{\"lo\n{\"loss\": 1.0, \"step\": 1"));
}

TEST(JsonlLog, GoesOnAfterAFullDiskWithoutHalfALine) {
  const testing::SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting needs root";
  JsonlLogCallback jsonl(disk / "log.jsonl");
  TestRun run;
  jsonl.on_log(run.at(1), {{"loss", 1.0}});
  EXPECT_THROW(jsonl.on_log(run.at(2), {{"text", std::string(1 << 20, 'x')}}), DiskFullError);
  jsonl.on_log(run.at(3), {{"loss", 0.5}});
  const std::string text = read_file(disk / "log.jsonl");
  EXPECT_TRUE(text.starts_with("{\"loss\": 1.0, \"step\": 1,")) << text;
  EXPECT_NE(text.find("}\n{\"loss\": 0.5, \"step\": 3,"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
}

TEST(JsonlLog, WritesNaNAsPythonDoesOrAsNull) {
  const TempDir folder;
  TestRun run;
  const auto line = [&](const JsonlLogOptions& options) {
    const std::filesystem::path file =
        folder / (options.strict_json ? "strict.jsonl" : "python.jsonl");
    JsonlLogCallback(file, system_clock(), options)
        .on_log(run.at(1), {{"loss", std::numeric_limits<double>::quiet_NaN()},
                            {"rate", -std::numeric_limits<double>::infinity()}});
    return read_file(file);
  };
  EXPECT_TRUE(line({}).starts_with("{\"loss\": NaN, \"rate\": -Infinity, \"step\": 1"));
  EXPECT_TRUE(
      line({.strict_json = true}).starts_with("{\"loss\": null, \"rate\": null, \"step\": 1"));
}

TEST(LoggersOfARun, AreSilentOnProcessesThatAreNotTheFirst) {
  const TempDir folder;
  const auto notebook = std::make_shared<Notebook>();
  LoggingCallback callback(notebook);
  JsonlLogCallback jsonl(folder / "log.jsonl");
  TestRun run;
  run.state.is_world_process_zero = false;
  callback.on_train_begin(run.at(0));
  callback.on_log(run.at(1), {{"loss", 1.0}});
  jsonl.on_log(run.at(1), {{"loss", 1.0}});
  callback.on_train_end(run.at(1));
  EXPECT_EQ(notebook->lines, Lines{});
  EXPECT_FALSE(std::filesystem::exists(folder / "log.jsonl"));
  run.state.is_world_process_zero = true;
  jsonl.on_log(run.at(1), {{"loss", 1.0}});
  EXPECT_TRUE(std::filesystem::exists(folder / "log.jsonl"));
}

}  // namespace
}  // namespace torchhub
