#pragma once

#include "torchhub/training/optimizer.h"

#include <torch/torch.h>

#include <vector>

namespace torchhub {

/// What a LibTorch optimizer is made of. @throws InvalidArgumentError if there is no parameter
std::vector<torch::optim::OptimizerParamGroup> tensor_groups(
    const ParameterGroups& groups, const torch::optim::OptimizerOptions& decay,
    const torch::optim::OptimizerOptions& no_decay);

}  // namespace torchhub
