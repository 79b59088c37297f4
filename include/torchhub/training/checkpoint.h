#pragma once

#include "torchhub/base/error.h"
#include "torchhub/fwd.h"
#include "torchhub/training/optimizer.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// A checkpoint cannot be used: a file is missing, damaged, or belongs to another model or kind of
/// run. The message names folder and file.
class CheckpointError : public Error {
 public:
  using Error::Error;
};

/// What optimizer.pt and scheduler.pt say of the learning rate.
struct SchedulerState {
  std::vector<double> base_rates;  ///< One a parameter group.
  std::int64_t last_epoch = 0;     ///< Updates done; the name is PyTorch's.
  std::vector<double> last_rates;  ///< What the next update runs with.
};

/// "checkpoint-<step>"
std::string checkpoint_name(std::int64_t step);
/// The step of a folder named exactly checkpoint-<digits>, else nothing.
std::optional<std::int64_t> checkpoint_step(const std::filesystem::path& folder);
/// Has it what trainer_state.json marks as complete, and no mark of an unfinished save?
bool is_complete_checkpoint(const std::filesystem::path& folder);
/// Steps of all complete checkpoints in `run_folder`, ascending. What is left out is logged.
std::vector<std::int64_t> complete_checkpoints(const std::filesystem::path& run_folder);

/// Which checkpoints may go: oldest first, never `best` nor the newest, until `limit` remain.
/// Decides; deletes nothing.
std::vector<std::int64_t> steps_to_delete(std::vector<std::int64_t> steps, std::size_t limit,
                                          std::optional<std::int64_t> best);

/// The optimizer's moments and settings in Python's format. @throws DiskFullError, FileError
/// @param rates those of the scheduler: what the next update runs with, and the base
void save_optimizer(const torch::optim::Optimizer& optimizer, const SchedulerState& rates,
                    const std::filesystem::path& file);

/// Moments into `optimizer`, whose groups must have the same parameters. Its settings (betas,
/// weight decay, ...) stay; the caller decides what to do with the rate of the file.
/// @param groups of the model that `optimizer` was made for; names parameters in messages
/// @return the base rate (`initial_lr`) that the file holds, if any
/// @throws CheckpointError naming the first thing that does not fit
std::optional<double> load_optimizer(torch::optim::Optimizer& optimizer,
                                     const ParameterGroups& groups,
                                     const std::filesystem::path& file);

void save_scheduler(const SchedulerState& state, const std::filesystem::path& file);
/// @throws CheckpointError
SchedulerState load_scheduler(const std::filesystem::path& file);

/// LibTorch's CPU (and CUDA) generators, and for Python's sake what `random` and NumPy would have
/// after seeding with `seed`; states of a Python run that was resumed are passed on unchanged.
void save_rng_state(const std::filesystem::path& file, std::uint64_t seed,
                    const std::optional<std::filesystem::path>& resumed_from);
/// @throws CheckpointError
void load_rng_state(const std::filesystem::path& file);

}  // namespace torchhub
