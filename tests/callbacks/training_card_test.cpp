#include "torchhub/callbacks/training_card.h"

#include "callbacks/run_event.h"
#include "card/golden_cards.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

using testing::TestRun;

void expect_lines(const TestRun& run, const std::vector<std::string>& lines) {
  TestRun here = run;
  const std::string card = training_card(here.at(5), {});
  for (const std::string& line : lines) {
    EXPECT_NE(card.find("\n- " + line + "\n"), std::string::npos) << line << " is not in\n" << card;
  }
}

TEST(CardOfARun, NamesItsOptimizerAndHowItComputed) {
  TestRun run;
  run.args = {.learning_rate = 0.01,
              .lr_scheduler_kwargs = LogRow{{"num_cycles", 0.25}},
              .optim = OptimizerName::sgd,
              .optim_args = "momentum=0.9",
              .label_smoothing_factor = 0.1,
              .bf16 = true};
  expect_lines(run, {"learning_rate: 0.01", "optimizer: Use sgd and the args are:\nmomentum=0.9",
                     "mixed_precision_training: bf16", "label_smoothing_factor: 0.1",
                     "lr_scheduler_kwargs: {\"num_cycles\":0.25}"});
  run.args = {.fp16 = true};
  expect_lines(run,
               {"optimizer: Use adamw_torch_fused with betas=(0.9,0.999) and epsilon=1e-08 and "
                "optimizer_args=No additional optimizer arguments",
                "mixed_precision_training: Native AMP"});
}

TEST(CardOfARun, CountsTheSamplesOfAllItsProcesses) {
  TestRun run;
  run.args = {.per_device_train_batch_size = 16,  // of which auto_find_batch_size left 6
              .gradient_accumulation_steps = 2,
              .per_device_eval_batch_size = 4};
  run.plan.world_size = 4;
  run.plan.samples_per_batch = 24;
  expect_lines(run, {"train_batch_size: 6", "eval_batch_size: 4", "distributed_type: multi-CPU",
                     "num_devices: 4", "total_train_batch_size: 48", "total_eval_batch_size: 16"});
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// As a run has it that was given what the example was.
TestRun run_of(const nlohmann::ordered_json& example) {
  nlohmann::ordered_json args = example["args"];
  TestRun run;
  run.plan.world_size = args["world_size"];
  run.plan.samples_per_batch = args["train_batch_size"].get<std::int64_t>() * run.plan.world_size;
  args["per_device_train_batch_size"] = args["train_batch_size"];
  args["per_device_eval_batch_size"] = args["eval_batch_size"];
  for (const char* not_a_field : {"world_size", "train_batch_size", "eval_batch_size"}) {
    args.erase(not_a_field);
  }
  run.args = training_arguments_from_json(args);
  run.state = trainer_state_from_json_text(
      nlohmann::ordered_json{{"log_history", example["log_history"]}}.dump());
  return run;
}

TEST(CardOfARun, IsPythonsButForWhatNoCppProgramCanTell) {
  for (const nlohmann::ordered_json& example : testing::golden_cards()) {
    // In Python 3 and 3.0 are two numbers, and our processes may have no GPU.
    std::string expected = replaced(example["text"], "- num_epochs: 3.0\n", "- num_epochs: 3\n");
    expected = replaced(expected, "distributed_type: multi-GPU", "distributed_type: multi-CPU");
    TestRun run = run_of(example);
    EXPECT_EQ(training_card(run.at(run.state.global_step), testing::card_of(example)), expected)
        << example["name"];
  }
}

}  // namespace
}  // namespace torchhub
