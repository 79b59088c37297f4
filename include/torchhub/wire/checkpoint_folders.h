#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// The folders of a run's checkpoints, by the names that Python's Trainer gives them.
namespace torchhub {

/// "checkpoint-<step>"
std::string checkpoint_name(std::int64_t step);
/// The step of a folder named exactly checkpoint-<digits>, else nothing.
std::optional<std::int64_t> checkpoint_step(const std::filesystem::path& folder);
/// Has it what trainer_state.json marks as complete, and no mark of an unfinished save?
bool is_complete_checkpoint(const std::filesystem::path& folder);
/// Steps of all complete checkpoints in `run_folder`, ascending. What is left out is logged.
std::vector<std::int64_t> complete_checkpoints(const std::filesystem::path& run_folder);

}  // namespace torchhub
