#pragma once

#include "torchhub/fwd.h"
#include "torchhub/training/arguments.h"

namespace torchhub {

/// Puts the model on the GPU, if there is one and use_cpu is false, and sets what the arguments ask
/// of it. @throws InvalidArgumentError if the device cannot do what they ask
void place_model(PreTrainedModel& model, const TrainingArguments& arguments);

/// With full_determinism, LibTorch takes deterministic algorithms or throws.
/// @throws InvalidArgumentError if CUDA's part of it was not set before the program began
void apply_determinism(const TrainingArguments& arguments);

}  // namespace torchhub
