#pragma once

#include "torchhub/training/metrics.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace torchhub {

/// What a hand-written loop goes on from: the folder that LoopPusherOptions::checkpoint keeps.
struct LoopCheckpoint {
  std::filesystem::path folder;       ///< Has what save_model and save_checkpoint wrote.
  std::int64_t global_step = 0;       ///< Batches done.
  std::vector<Metrics> history = {};  ///< The logs of each epoch done, from the first.

  /// Epochs done.
  std::int64_t epoch() const { return static_cast<std::int64_t>(history.size()); }
};

/// The one in `output_dir`, or in a download of the repository that it was pushed to.
/// @return nothing if there is none @throws CheckpointError if it is damaged; FileError
std::optional<LoopCheckpoint> find_loop_checkpoint(const std::filesystem::path& output_dir);

}  // namespace torchhub
