#pragma once

#include "torchhub/callbacks/loop_pusher.h"

namespace torchhub {

/// Writes the model and its files to options.output_dir, and with a `checkpoint` what the loop goes
/// on from. All of it is written elsewhere first: what the user's functions throw leaves
/// output_dir as it was. @throws what they throw, an Error with its context; FileError,
/// DiskFullError
void save_loop(const LoopPusherOptions& options, const LoopCheckpoint* checkpoint = nullptr);

/// Puts a save in place that was complete when its process was killed; does nothing where there is
/// none.
void finish_loop_save(const std::filesystem::path& output_dir);

}  // namespace torchhub
