#pragma once

#include "push/loop_output.h"
#include "torchhub/callbacks/loop_pusher.h"

namespace torchhub {

/// Writes the model and its files to options.output_dir, and with a `checkpoint` what the loop goes
/// on from. All of it is written elsewhere first: what the user's functions throw leaves
/// output_dir as it was. @throws what they throw, an Error with its context; FileError,
/// DiskFullError
/// @param save how it is to be pushed: noted with it until forget_loop_save()
void save_loop(const LoopPusherOptions& options, const LoopSave& save,
               const LoopCheckpoint* checkpoint = nullptr);

}  // namespace torchhub
