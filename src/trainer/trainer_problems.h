#pragma once

#include "torchhub/distributed/environment.h"
#include "torchhub/trainer.h"
#include "torchhub/training/plan.h"

#include <string>
#include <vector>

namespace torchhub {

bool has_training_data(const TrainerOptions& options);

/// Why no Trainer can be made of them; empty if one can.
std::vector<std::string> problems_of(const TrainerOptions& options,
                                     const ProcessEnvironment& environment);

/// Settings that are read and kept, and change nothing here.
void warn_of_stored_only(const TrainingArguments& args);

/// A best step that is not saved cannot be loaded again, which Python does not say.
void warn_of_lost_best(const TrainingArguments& args, const TrainingPlan& plan);

}  // namespace torchhub
