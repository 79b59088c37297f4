#include "training/optimizers/adamw_tensors.h"

#include <torch/version.h>

#include <algorithm>
#include <cmath>

namespace torchhub {

void AdamwTensors::add(const at::Tensor& parameter, const at::Tensor& gradient,
                       const torch::optim::AdamWParamState& state) {
  Lists& lists = lists_for(parameter, state.step());
  lists.parameters.push_back(parameter);
  lists.gradients.push_back(gradient);
  lists.exp_avgs.push_back(state.exp_avg());
  lists.exp_avg_sqs.push_back(state.exp_avg_sq());
  if (amsgrad_) lists.max_exp_avg_sqs.push_back(state.max_exp_avg_sq());
}

AdamwTensors::Lists& AdamwTensors::lists_for(const at::Tensor& parameter, std::int64_t step) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Lists& lists) {
    const at::Tensor& first = lists.parameters.front();
    return lists.step == step && first.device() == parameter.device() &&
           first.scalar_type() == parameter.scalar_type();
  });
  if (found != all_.end()) return *found;
  all_.emplace_back().step = step;
  return all_.back();
}

void AdamwTensors::update() {
  for (Lists& lists : all_) {
    if (!update_fused(lists)) update_by_foreach(lists);
  }
}

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)

/// Only for rows without gaps: the operation walks over memory. It runs on the CPU since 2.4.
bool AdamwTensors::update_fused(Lists& lists) const {
  const auto all_contiguous = [](const std::vector<at::Tensor>& tensors) {
    return std::all_of(tensors.begin(), tensors.end(),
                       [](const at::Tensor& tensor) { return tensor.is_contiguous(); });
  };
  const at::Device device = lists.parameters.front().device();
  if (!(device.is_cpu() || device.is_cuda()) || !all_contiguous(lists.parameters) ||
      !all_contiguous(lists.gradients) || !all_contiguous(lists.exp_avgs) ||
      !all_contiguous(lists.exp_avg_sqs) || !all_contiguous(lists.max_exp_avg_sqs)) {
    return false;
  }
  const at::Tensor step = at::full({}, static_cast<double>(lists.step),
                                   at::TensorOptions().dtype(at::kFloat).device(device));
  const std::vector<at::Tensor> steps(lists.parameters.size(), step);  // it is only read
  at::_fused_adamw_(lists.parameters, lists.gradients, lists.exp_avgs, lists.exp_avg_sqs,
                    lists.max_exp_avg_sqs, steps, settings_.lr, settings_.beta1, settings_.beta2,
                    settings_.weight_decay, settings_.eps, amsgrad_, /*maximize=*/false);
  return true;
}

#else

bool AdamwTensors::update_fused(Lists& /*lists*/) const { return false; }

#endif

void AdamwTensors::update_by_foreach(Lists& lists) const {
  const auto t = static_cast<double>(lists.step);
  const double root = std::sqrt(1 - std::pow(settings_.beta2, t));
  at::_foreach_mul_(lists.parameters, 1 - settings_.lr * settings_.weight_decay);
  at::_foreach_mul_(lists.exp_avgs, settings_.beta1);
  at::_foreach_add_(lists.exp_avgs, lists.gradients, 1 - settings_.beta1);
  at::_foreach_mul_(lists.exp_avg_sqs, settings_.beta2);
  at::_foreach_addcmul_(lists.exp_avg_sqs, lists.gradients, lists.gradients, 1 - settings_.beta2);
  for (std::size_t i = 0; i < lists.max_exp_avg_sqs.size(); ++i) {
    at::Tensor& most = lists.max_exp_avg_sqs[i];
    at::maximum_out(most, most, lists.exp_avg_sqs[i]);
  }
  std::vector<at::Tensor> denominators =
      at::_foreach_sqrt(amsgrad_ ? lists.max_exp_avg_sqs : lists.exp_avg_sqs);
  at::_foreach_div_(denominators, root);
  at::_foreach_add_(denominators, settings_.eps);
  at::_foreach_addcdiv_(lists.parameters, lists.exp_avgs, denominators,
                        -settings_.lr / (1 - std::pow(settings_.beta1, t)));
}

}  // namespace torchhub
