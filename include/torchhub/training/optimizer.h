#pragma once

#include "torchhub/fwd.h"
#include "torchhub/training/strategies.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <set>
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

/// Names of the parameters that decay: of all but those in LayerNorms and those whose names say so
/// (transformers 5.12 `get_decay_parameter_names`).
std::set<std::string> decay_parameter_names(const torch::nn::Module& model);

/// Trainable parameters only, one that has several names under its first.
ParameterGroups decay_groups(const torch::nn::Module& model);
/// The same with a rule of your own. @param decay_names full names; those not in the model are
/// no matter
ParameterGroups decay_groups(const torch::nn::Module& model,
                             const std::set<std::string>& decay_names);

/// Whether the name alone keeps a parameter from decaying: it contains `bias`, `layernorm` or
/// `rmsnorm`, or has a part that is `norm` or ends in `_norm`, whatever the case.
bool name_forbids_decay(std::string_view name);

/// An optimizer by Python's name. Betas and epsilon are Adam's alone, as in Python.
struct OptimizerOptions {
  OptimizerName name = OptimizerName::adamw_torch_fused;
  double learning_rate = 5e-5;  ///< >= 0.
  double weight_decay = 0;      ///< Of the group `decay`. >= 0.
  double adam_beta1 = 0.9;      ///< In [0, 1).
  double adam_beta2 = 0.999;    ///< In [0, 1).
  double adam_epsilon = 1e-8;   ///< >= 0.
  /// "key=value,key=value". adamw: amsgrad, eps; sgd: momentum, dampening, nesterov; adagrad:
  /// lr_decay, eps; rmsprop: momentum, alpha, eps, centered; all of these: weight_decay, which
  /// has no effect, as in Python, because the field of that name wins.
  std::string optim_args = {};
};

/// Everything that is wrong with them, optim_args included. Empty: all is well.
std::vector<std::string> problems(const OptimizerOptions& options);

/// Why an optimizer that Python's Trainer knows by this name is not to be had here; nothing for
/// those that are, and for names that Python does not know either.
std::optional<std::string> refused_optimizer(std::string_view name);

/// @throws InvalidArgumentError listing problems(options), or if nothing is trainable
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const ParameterGroups& groups,
                                                        const OptimizerOptions& options);
/// Over decay_groups(model).
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const torch::nn::Module& model,
                                                        const OptimizerOptions& options);

/// The present rates, one a group.
std::vector<double> learning_rates(const torch::optim::Optimizer& optimizer);
/// Sets the rate of every group. @param rate of the next update
void set_learning_rate(torch::optim::Optimizer& optimizer, double rate);
/// @param rates one a group. @throws InvalidArgumentError if there are more or fewer
void set_learning_rates(torch::optim::Optimizer& optimizer, const std::vector<double>& rates);

/// Afterwards no parameter has a gradient: one that the next update does not use is then left alone
/// by the optimizer, whatever LibTorch's version and whether the run was resumed.
void clear_gradients(torch::optim::Optimizer& optimizer);

/// The 2-norm of all gradients before clipping; scales them down to `max_norm` if that is above 0
/// and smaller. Where the norm is infinite or no number, clipping makes zeros and NaNs of all
/// gradients, as PyTorch's clip_grad_norm_ does; without clipping they are left alone. Waits for a
/// GPU once, not once a tensor.
double clip_gradients(const torch::optim::Optimizer& optimizer, double max_norm);

}  // namespace torchhub
