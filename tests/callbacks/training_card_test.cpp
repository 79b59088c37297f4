#include "torchhub/callbacks/training_card.h"

#include "callbacks/run_event.h"

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

}  // namespace
}  // namespace torchhub
