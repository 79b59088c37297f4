#pragma once

#include "torchhub/pickle/value.h"

namespace torchhub {

/// The state of that GPU in a file of random states, which holds one or a list of all. Null: none.
const pickle::Value* saved_cuda_state(const pickle::Dict& states, int device);

}  // namespace torchhub
