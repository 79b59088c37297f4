#include "training/optimizers/foreach_optimizers.h"

#include "training/optimizers/closure_loss.h"
#include "training/optimizers/optimizer_state.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace torchhub {
namespace {

using Tensors = std::vector<at::Tensor>;
using torch::optim::OptimizerParamGroup;

/// The parameters of a group that have gradients, and these.
struct Lists {
  explicit Lists(const OptimizerParamGroup& group) {
    for (const at::Tensor& parameter : group.params()) {
      if (!parameter.grad().defined()) continue;
      parameters.push_back(parameter);
      gradients.push_back(parameter.grad());
    }
  }

  void add_decay(double weight_decay) {
    if (weight_decay != 0) gradients = at::_foreach_add(gradients, parameters, weight_decay);
  }

  Tensors parameters;
  Tensors gradients;
};

bool has_sparse_gradients(const std::vector<OptimizerParamGroup>& groups) {
  return std::any_of(groups.begin(), groups.end(), [](const OptimizerParamGroup& group) {
    return std::any_of(group.params().begin(), group.params().end(), [](const at::Tensor& p) {
      return p.grad().defined() && p.grad().is_sparse();
    });
  });
}

/// The state of a parameter, a fresh one if there is none.
template <typename State, typename StateMap>
State& state_of(StateMap& states, const at::Tensor& parameter) {
  auto& slot = states[optimizer_state_key(states, parameter)];
  if (!slot) slot = std::make_unique<State>();
  return static_cast<State&>(*slot);
}

/// One update of all groups: LibTorch's own where a gradient is sparse, else `step_group`.
template <typename StepOfLibTorch, typename StepGroup>
torch::Tensor step_all(std::vector<OptimizerParamGroup>& groups,
                       const torch::optim::Optimizer::LossClosure& closure,
                       StepOfLibTorch&& step_of_libtorch, StepGroup&& step_group) {
  const torch::NoGradGuard no_gradients;
  torch::Tensor loss = loss_of(closure);
  if (has_sparse_gradients(groups)) {
    step_of_libtorch();
  } else {
    for (OptimizerParamGroup& group : groups) step_group(group);
  }
  return loss;
}

}  // namespace

torch::Tensor ForeachSgd::step(LossClosure closure) {
  return step_all(
      param_groups_, closure, [this] { SGD::step(); },
      [this](OptimizerParamGroup& group) { step_group(group); });
}

void ForeachSgd::step_group(OptimizerParamGroup& group) {
  const auto& options = static_cast<const torch::optim::SGDOptions&>(group.options());
  Lists lists(group);
  if (lists.parameters.empty()) return;
  lists.add_decay(options.weight_decay());
  if (options.momentum() != 0) {
    Tensors buffers;
    Tensors old_buffers;
    Tensors gradients_of_old;
    for (std::size_t i = 0; i < lists.parameters.size(); ++i) {
      const at::Tensor& gradient = lists.gradients[i];
      auto& state = state_of<torch::optim::SGDParamState>(state_, lists.parameters[i]);
      if (state.momentum_buffer().defined()) {
        old_buffers.push_back(state.momentum_buffer());
        gradients_of_old.push_back(gradient);
      } else {
        state.momentum_buffer(gradient.clone());
      }
      buffers.push_back(state.momentum_buffer());
    }
    if (!old_buffers.empty()) {
      at::_foreach_mul_(old_buffers, options.momentum());
      at::_foreach_add_(old_buffers, gradients_of_old, 1 - options.dampening());
    }
    lists.gradients = options.nesterov()
                          ? at::_foreach_add(lists.gradients, buffers, options.momentum())
                          : std::move(buffers);
  }
  at::_foreach_add_(lists.parameters, lists.gradients, -options.lr());
}

torch::Tensor ForeachAdagrad::step(LossClosure closure) {
  return step_all(
      param_groups_, closure, [this] { Adagrad::step(); },
      [this](OptimizerParamGroup& group) { step_group(group); });
}

void ForeachAdagrad::step_group(OptimizerParamGroup& group) {
  const auto& options = static_cast<const torch::optim::AdagradOptions&>(group.options());
  Lists lists(group);
  if (lists.parameters.empty()) return;
  lists.add_decay(options.weight_decay());
  Tensors sums;
  std::vector<at::Scalar> rates;  // of each parameter, which may not have been in every update
  for (const at::Tensor& parameter : lists.parameters) {
    auto& state = state_of<torch::optim::AdagradParamState>(state_, parameter);
    if (!state.sum().defined()) {
      state.sum(at::full_like(parameter, options.initial_accumulator_value(), {},
                              at::MemoryFormat::Preserve));
    }
    state.step(state.step() + 1);
    sums.push_back(state.sum());
    const auto earlier = static_cast<double>(state.step() - 1);
    rates.emplace_back(-options.lr() / (1 + earlier * options.lr_decay()));
  }
  at::_foreach_addcmul_(sums, lists.gradients, lists.gradients, 1.0);
  Tensors roots = at::_foreach_sqrt(sums);
  at::_foreach_add_(roots, options.eps());
  at::_foreach_addcdiv_(lists.parameters, lists.gradients, roots, rates);
}

torch::Tensor ForeachRmsprop::step(LossClosure closure) {
  return step_all(
      param_groups_, closure, [this] { RMSprop::step(); },
      [this](OptimizerParamGroup& group) { step_group(group); });
}

void ForeachRmsprop::step_group(OptimizerParamGroup& group) {
  const auto& options = static_cast<const torch::optim::RMSpropOptions&>(group.options());
  Lists lists(group);
  if (lists.parameters.empty()) return;
  lists.add_decay(options.weight_decay());
  Tensors squares;
  Tensors means;
  Tensors buffers;
  const auto zeros = [](const at::Tensor& like) {
    return at::zeros_like(like, at::MemoryFormat::Preserve);
  };
  for (const at::Tensor& parameter : lists.parameters) {
    auto& state = state_of<torch::optim::RMSpropParamState>(state_, parameter);
    if (!state.square_avg().defined()) state.square_avg(zeros(parameter));
    if (options.centered() && !state.grad_avg().defined()) state.grad_avg(zeros(parameter));
    if (options.momentum() > 0 && !state.momentum_buffer().defined()) {
      state.momentum_buffer(zeros(parameter));
    }
    state.step(state.step() + 1);
    squares.push_back(state.square_avg());
    if (options.centered()) means.push_back(state.grad_avg());
    if (options.momentum() > 0) buffers.push_back(state.momentum_buffer());
  }
  at::_foreach_mul_(squares, options.alpha());
  at::_foreach_addcmul_(squares, lists.gradients, lists.gradients, 1 - options.alpha());
  Tensors roots;
  if (options.centered()) {
    at::_foreach_mul_(means, options.alpha());
    at::_foreach_add_(means, lists.gradients, 1 - options.alpha());
    roots = at::_foreach_addcmul(squares, means, means, -1);
    at::_foreach_sqrt_(roots);
  } else {
    roots = at::_foreach_sqrt(squares);
  }
  at::_foreach_add_(roots, options.eps());
  if (options.momentum() > 0) {
    at::_foreach_mul_(buffers, options.momentum());
    at::_foreach_addcdiv_(buffers, lists.gradients, roots, 1);
    at::_foreach_add_(lists.parameters, buffers, -options.lr());
  } else {
    at::_foreach_addcdiv_(lists.parameters, lists.gradients, roots, -options.lr());
  }
}

}  // namespace torchhub
