#include "training/optimizers/foreach_optimizers.h"

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

torch::Tensor loss_of(const torch::optim::Optimizer::LossClosure& closure) {
  if (!closure) return {};
  const at::AutoGradMode with_gradients(true);
  return closure();
}

/// The state of a parameter. @return with whether it is fresh
template <typename State, typename StateMap>
std::pair<State*, bool> state_of(StateMap& states, const at::Tensor& parameter) {
  auto& slot = states[optimizer_state_key(states, parameter)];
  const bool fresh = !slot;
  if (fresh) slot = std::make_unique<State>();
  return {static_cast<State*>(slot.get()), fresh};
}

}  // namespace

torch::Tensor ForeachSgd::step(LossClosure closure) {
  const torch::NoGradGuard no_gradients;
  torch::Tensor loss = loss_of(closure);
  if (has_sparse_gradients(param_groups_)) {
    SGD::step();
  } else {
    for (OptimizerParamGroup& group : param_groups_) step_group(group);
  }
  return loss;
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
      auto* state = state_of<torch::optim::SGDParamState>(state_, lists.parameters[i]).first;
      if (state->momentum_buffer().defined()) {
        old_buffers.push_back(state->momentum_buffer());
        gradients_of_old.push_back(gradient);
      } else {
        state->momentum_buffer(gradient.clone());
      }
      buffers.push_back(state->momentum_buffer());
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
  const torch::NoGradGuard no_gradients;
  torch::Tensor loss = loss_of(closure);
  if (has_sparse_gradients(param_groups_)) {
    Adagrad::step();
  } else {
    for (OptimizerParamGroup& group : param_groups_) step_group(group);
  }
  return loss;
}

void ForeachAdagrad::step_group(OptimizerParamGroup& group) {
  const auto& options = static_cast<const torch::optim::AdagradOptions&>(group.options());
  Lists lists(group);
  if (lists.parameters.empty()) return;
  lists.add_decay(options.weight_decay());
  Tensors sums;
  std::vector<at::Scalar> rates;  // of each parameter, which may not have been in every update
  for (const at::Tensor& parameter : lists.parameters) {
    auto [state, fresh] = state_of<torch::optim::AdagradParamState>(state_, parameter);
    if (fresh) {
      state->sum(at::full_like(parameter, options.initial_accumulator_value(), {},
                               at::MemoryFormat::Preserve));
    }
    state->step(state->step() + 1);
    sums.push_back(state->sum());
    const auto earlier = static_cast<double>(state->step() - 1);
    rates.emplace_back(-options.lr() / (1 + earlier * options.lr_decay()));
  }
  at::_foreach_addcmul_(sums, lists.gradients, lists.gradients, 1.0);
  Tensors roots = at::_foreach_sqrt(sums);
  at::_foreach_add_(roots, options.eps());
  at::_foreach_addcdiv_(lists.parameters, lists.gradients, roots, rates);
}

torch::Tensor ForeachRmsprop::step(LossClosure closure) {
  const torch::NoGradGuard no_gradients;
  torch::Tensor loss = loss_of(closure);
  if (has_sparse_gradients(param_groups_)) {
    RMSprop::step();
  } else {
    for (OptimizerParamGroup& group : param_groups_) step_group(group);
  }
  return loss;
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
    auto* state = state_of<torch::optim::RMSpropParamState>(state_, parameter).first;
    if (!state->square_avg().defined()) state->square_avg(zeros(parameter));
    if (options.centered() && !state->grad_avg().defined()) state->grad_avg(zeros(parameter));
    if (options.momentum() > 0 && !state->momentum_buffer().defined()) {
      state->momentum_buffer(zeros(parameter));
    }
    state->step(state->step() + 1);
    squares.push_back(state->square_avg());
    if (options.centered()) means.push_back(state->grad_avg());
    if (options.momentum() > 0) buffers.push_back(state->momentum_buffer());
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
