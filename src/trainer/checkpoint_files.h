#pragma once

#include "torchhub/fwd.h"
#include "torchhub/training/arguments.h"
#include "torchhub/training/checkpoint.h"
#include "torchhub/training/state.h"

#include <c10/core/Device.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace torchhub {

/// What is ours alone in a checkpoint; docs/checkpoint-layout.md describes it.
inline constexpr std::string_view kOwnState = "torchhub_state.json";

/// training_args.json, the token masked. @throws FileError, DiskFullError
void write_training_args(const TrainingArguments& args, const std::filesystem::path& folder);

/// What to throw for a file of a checkpoint that cannot be used.
CheckpointError damaged_file(const std::filesystem::path& file, const std::string& problem);

/// trainer_state.json of a checkpoint that a run may go on from.
/// @throws CheckpointError if it is incomplete, damaged, or of a sharded run
TrainerState read_checkpoint_state(const std::filesystem::path& checkpoint);

/// What is wrong if checkpoints are asked for that this optimizer's state cannot go into.
std::optional<std::string> saving_problem(const TrainingArguments& args,
                                          const torch::optim::Optimizer& optimizer);

/// The index of a GPU; nothing for other devices.
std::optional<int> cuda_device(c10::Device device);

}  // namespace torchhub
