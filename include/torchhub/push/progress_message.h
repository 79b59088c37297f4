#pragma once

#include <cstdint>
#include <string>

namespace torchhub {

/// What the commit of a save counts.
enum class ProgressUnit {
  step,           ///< save_strategy steps: "Training in progress, step 50".
  epoch,          ///< epoch: "Training in progress, epoch 2".
  epoch_and_step  ///< best: "Training in progress, epoch 2, step 50", so that no two are alike.
};

/// Python's words, but for `best`. @param epoch with its part under way, which is cut off
std::string progress_message(ProgressUnit unit, std::int64_t step, double epoch);

}  // namespace torchhub
