#pragma once

#include "torchhub/training/callback.h"

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>

namespace torchhub::testing {

/// A run of ten updates of four samples that is as far as the test says.
struct TestRun {
  TrainerEvent at(std::int64_t step) {
    state.global_step = step;
    return {args, plan, state, control, *model};
  }

  TrainingArguments args = {};
  TrainingPlan plan = {.total_batch_size = 4, .max_steps = 10};
  TrainerState state = {};
  TrainerControl control = {};
  std::shared_ptr<torch::nn::Module> model = std::make_shared<torch::nn::Module>();
};

}  // namespace torchhub::testing
