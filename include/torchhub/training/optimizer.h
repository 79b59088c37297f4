#pragma once

#include "torchhub/fwd.h"
#include "torchhub/training/arguments.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub {

/// The two parameter groups of Python's Trainer, in this order; inside each, the order of
/// named_parameters(). The order is what the numbers in optimizer.pt count.
struct ParameterGroups {
  std::vector<std::pair<std::string, at::Tensor>> decay;     ///< Gets weight_decay.
  std::vector<std::pair<std::string, at::Tensor>> no_decay;  ///< LayerNorms, biases, norms by name.
};

/// Trainable parameters only, one that has several names under its first (transformers 5.12
/// `get_decay_parameter_names`).
ParameterGroups decay_groups(const torch::nn::Module& model);

/// Whether the name alone keeps a parameter from decaying: it contains `bias`, `layernorm` or
/// `rmsnorm`, or has a part that is `norm` or ends in `_norm`, whatever the case.
bool name_forbids_decay(std::string_view name);

/// AdamW over decay_groups(), with the arguments' betas, epsilon and weight decay, at
/// learning_rate. @throws InvalidArgumentError if nothing is trainable
std::unique_ptr<torch::optim::Optimizer> make_adamw(const torch::nn::Module& model,
                                                    const TrainingArguments& arguments);

/// Sets the rate of every group. @param rate of the next update
void set_learning_rate(torch::optim::Optimizer& optimizer, double rate);

/// Afterwards no parameter has a gradient: one that the next update does not use is then left alone
/// by the optimizer, whatever LibTorch's version and whether the run was resumed.
void clear_gradients(torch::optim::Optimizer& optimizer);

/// The 2-norm of all gradients before clipping; scales them down to `max_norm` if that is above 0
/// and smaller.
double clip_gradients(const torch::optim::Optimizer& optimizer, double max_norm);

}  // namespace torchhub
