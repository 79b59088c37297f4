#pragma once

#include "torchhub/distributed/environment.h"
#include "torchhub/fwd.h"
#include "torchhub/training/arguments.h"

#include <string>

namespace torchhub {

/// "cpu"; if there is a GPU and use_cpu is false "cuda:<local_rank>", or "cuda" for one process.
/// @throws InvalidArgumentError if this host has fewer GPUs than processes
std::string device_of(const ProcessEnvironment& environment, const TrainingArguments& arguments);

/// Puts the model on that device, and sets what the arguments ask of it.
/// @throws InvalidArgumentError if the device cannot do what they ask
void place_model(PreTrainedModel& model, const std::string& device,
                 const TrainingArguments& arguments);

/// With full_determinism, LibTorch takes deterministic algorithms or throws.
/// @throws InvalidArgumentError if CUDA's part of it was not set before the program began
void apply_determinism(const TrainingArguments& arguments);

}  // namespace torchhub
