#pragma once

#include "torchhub/base/error.h"
#include "torchhub/fwd.h"
#include "torchhub/pickle/value.h"
#include "torchhub/training/grad_scaler.h"
#include "torchhub/training/optimizer.h"
#include "torchhub/training/schedule.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

class DeferredFiles;

/// A checkpoint cannot be used: a file is missing, damaged, or belongs to another model or kind of
/// run. The message names folder and file.
class CheckpointError : public Error {
 public:
  using Error::Error;
};

/// Deletes what a run that was killed left in its folder: half-written saves.
/// Call it when no other run writes there.
void remove_unfinished(const std::filesystem::path& run_folder);

/// Steps of checkpoints that rotation never takes.
struct KeptSteps {
  std::int64_t newest = 0;  ///< Just saved; an older run may have left higher ones.
  std::optional<std::int64_t> best = std::nullopt;
};

/// Which checkpoints may go: oldest first, until `limit` remain. Decides; deletes nothing.
std::vector<std::int64_t> steps_to_delete(std::vector<std::int64_t> steps, std::size_t limit,
                                          const KeptSteps& kept);

/// Whether save_optimizer() knows the kind: LibTorch's Adam, AdamW, SGD, Adagrad and RMSprop, and
/// what make_optimizer() and make_adafactor() make.
bool can_save_optimizer(const torch::optim::Optimizer& optimizer);

/// The optimizer's moments, settings and present rates in Python's format. @param base_rates those
/// of the scheduler (`initial_lr`), one a group; empty: left out, as for schedules that follow a
/// metric
/// @param deferred unset: written now
/// @throws InvalidArgumentError for a kind that is not known: use one that is, or save_only_model;
/// DiskFullError, FileError
void save_optimizer(const torch::optim::Optimizer& optimizer, const std::vector<double>& base_rates,
                    const std::filesystem::path& file, DeferredFiles* deferred = nullptr);

/// Moments and settings (betas, epsilon, weight decay, ...) into `optimizer`, whose groups must
/// have the same parameters. A setting that differs is logged. Nothing changes if this throws.
/// @param model names the parameters in messages
/// @param rates whether the present rates come from the file as well; a scheduler that is loaded
/// afterwards decides anyway
/// @throws CheckpointError naming the file and the first thing that does not fit;
/// InvalidArgumentError for a kind of optimizer that is not known
void load_optimizer(torch::optim::Optimizer& optimizer, const torch::nn::Module& model,
                    const std::filesystem::path& file,
                    ResumedRates rates = ResumedRates::of_checkpoint);

/// @throws DiskFullError, FileError
void save_scheduler(const LrScheduler& scheduler, const std::filesystem::path& file);
/// Position and rates into `scheduler`, which is unchanged if this throws. Hand its rates() to the
/// optimizer afterwards. @throws CheckpointError
void load_scheduler(LrScheduler& scheduler, const std::filesystem::path& file,
                    ResumedRates rates = ResumedRates::of_checkpoint);

/// @throws DiskFullError, FileError
void save_scaler(const GradScaler& scaler, const std::filesystem::path& file);
/// @throws CheckpointError; the scaler is then unchanged
void load_scaler(GradScaler& scaler, const std::filesystem::path& file);

/// States of Python's own generators: we carry them from checkpoint to checkpoint and draw from
/// none.
struct PythonRngStates {
  pickle::Value python;  ///< `random.getstate()`
  pickle::Value numpy;   ///< `numpy.random.get_state()`
};

/// What `random` and NumPy have after seeding with `seed`.
PythonRngStates seeded_python_rng(std::uint64_t seed);
/// Those of a checkpoint, so that a Python run that we continue can be continued there; where the
/// file has none, `otherwise`. @throws CheckpointError
PythonRngStates python_rng_of(const std::filesystem::path& file, PythonRngStates otherwise);

/// Of which GPUs a file of random states tells. Python's Trainer writes and expects a list of all
/// that the process sees where several processes train, else the state of the one it uses.
enum class CudaStates { of_the_device, of_all };

/// LibTorch's CPU generator, that of the GPU on which the model lies, and Python's.
/// @param cuda_device index; unset: the model lies on no GPU. @throws DiskFullError, FileError
void save_rng_state(const std::filesystem::path& file, const PythonRngStates& python,
                    std::optional<int> cuda_device,
                    CudaStates cuda_states = CudaStates::of_the_device);
/// Sets LibTorch's generators; from a list of GPUs' states that of `cuda_device`. A file that a run
/// without GPU wrote leaves the GPU's as it is. @throws CheckpointError
void load_rng_state(const std::filesystem::path& file, std::optional<int> cuda_device);

}  // namespace torchhub
