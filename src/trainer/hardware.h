#pragma once

#include "torchhub/distributed/environment.h"
#include "torchhub/fwd.h"
#include "torchhub/training/arguments.h"

#include <string>
#include <vector>

namespace torchhub {

/// What a run can use.
struct Hardware {
  int gpus = 0;             ///< CUDA devices that LibTorch sees.
  bool has_ampere = false;  ///< Compute capability 8.0 or above, for bfloat16 and TF32.
  static Hardware of_this_host();
};

/// What the arguments ask for and this hardware, or the environment it was started in, cannot give.
std::vector<std::string> problems_of_hardware(const TrainingArguments& arguments,
                                              const ProcessEnvironment& environment,
                                              const Hardware& hardware = Hardware::of_this_host());

/// "cpu"; if there is a GPU and use_cpu is false "cuda:<local_rank>", or "cuda" for one process.
std::string device_of(const ProcessEnvironment& environment, const TrainingArguments& arguments);

/// Puts the model on that device, and sets what the arguments ask of it.
void place_model(PreTrainedModel& model, const std::string& device,
                 const TrainingArguments& arguments);

/// With full_determinism, LibTorch takes deterministic algorithms or throws.
void apply_determinism(const TrainingArguments& arguments);

}  // namespace torchhub
