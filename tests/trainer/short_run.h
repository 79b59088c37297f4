#pragma once

#include "torchhub/training/arguments.h"

#include <filesystem>

namespace torchhub::testing {

/// Four updates of four samples, each logged and none saved.
inline TrainingArguments short_run(const std::filesystem::path& output_dir) {
  return {.output_dir = output_dir,
          .per_device_train_batch_size = 4,
          .max_steps = 4,
          .logging_steps = 1,
          .disable_tqdm = true,
          .save_strategy = SaveStrategy::no};
}

}  // namespace torchhub::testing
