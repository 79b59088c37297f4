#pragma once

#include "torchhub/distributed/process_group.h"
#include "torchhub/training/metrics.h"

namespace torchhub {

/// What all processes predicted in one step, in the order of their ranks: the same on each. Fields
/// that are undefined stay so.
EvalPrediction gathered(const EvalPrediction& own, ProcessGroup& group);

/// The same fields, shapes and types, with no sample in them.
EvalPrediction no_samples_of(const EvalPrediction& batch);

}  // namespace torchhub
