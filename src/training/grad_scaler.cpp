#include "torchhub/training/grad_scaler.h"

#include "torchhub/base/error.h"

#include <torch/torch.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {
namespace {

void check(const GradScalerState& s) {
  std::vector<std::string> found;
  const auto require = [&](bool right, std::string_view problem) {
    if (!right) found.emplace_back(problem);
  };
  require(s.scale > 0 && std::isfinite(s.scale), "the scale must be above 0.");
  require(s.growth_factor > 1 && std::isfinite(s.growth_factor), "growth_factor must be above 1.");
  require(s.backoff_factor > 0 && s.backoff_factor < 1, "backoff_factor must be between 0 and 1.");
  require(s.growth_interval > 0, "growth_interval must be above 0.");
  require(s.growth_tracker >= 0, "the growth tracker must be 0 or above.");
  if (!found.empty()) throw InvalidArgumentError("The gradient scaler cannot be", std::move(found));
}

/// PyTorch keeps the scale in float32.
double as_float(double value) { return static_cast<double>(static_cast<float>(value)); }

/// Of one device.
struct DeviceGradients {
  at::Device device;
  std::vector<at::Tensor> gradients;
};

std::vector<DeviceGradients> by_device(const torch::optim::Optimizer& optimizer) {
  std::vector<DeviceGradients> all;
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      at::Tensor gradient = parameter.grad();
      if (!gradient.defined()) continue;
      if (gradient.scalar_type() == at::kHalf) {
        throw InvalidArgumentError(
            "Gradients in float16 cannot be unscaled. Keep the weights in float32; autocast runs "
            "the forward pass in float16.");
      }
      if (gradient.is_sparse()) gradient = gradient._values();
      auto found = all.begin();
      while (found != all.end() && found->device != gradient.device()) ++found;
      if (found == all.end()) found = all.insert(all.end(), {gradient.device(), {}});
      found->gradients.push_back(gradient);
    }
  }
  return all;
}

/// Multiplies by `factor`. @return [] not 0 if a gradient was infinite or no number
at::Tensor multiply(DeviceGradients& of, double factor) {
  const auto options = at::TensorOptions().device(of.device).dtype(at::kFloat);
  at::Tensor overflowed = at::zeros({}, options);
  if (of.device.is_cuda()) {
    at::_amp_foreach_non_finite_check_and_unscale_(of.gradients, overflowed,
                                                   at::full({}, factor, options));
    return overflowed;
  }
  for (at::Tensor& gradient : of.gradients) {
    overflowed += at::isfinite(gradient).logical_not_().any();
    gradient.mul_(factor);
  }
  return overflowed;
}

}  // namespace

GradScaler::GradScaler(const GradScalerOptions& o) {
  load_state({.scale = o.init_scale,
              .growth_factor = o.growth_factor,
              .backoff_factor = o.backoff_factor,
              .growth_interval = o.growth_interval});
}

at::Tensor GradScaler::scale(const at::Tensor& loss) const { return loss * state_.scale; }

bool GradScaler::unscale(torch::optim::Optimizer& optimizer) {
  if (stage_ != Stage::scaled) {
    throw InvalidArgumentError(
        "The gradients are unscaled already. Call update() after each step().");
  }
  const torch::NoGradGuard no_gradients;
  std::vector<at::Tensor> overflows;
  for (DeviceGradients& each : by_device(optimizer)) {
    overflows.push_back(multiply(each, 1 / state_.scale));
  }
  stage_ = Stage::finite;
  for (const at::Tensor& overflow : overflows) {
    if (overflow.item<double>() != 0) stage_ = Stage::overflowed;
  }
  return stage_ == Stage::finite;
}

bool GradScaler::step(torch::optim::Optimizer& optimizer) {
  if (stage_ == Stage::scaled) unscale(optimizer);
  if (stage_ == Stage::overflowed) return false;
  optimizer.step();
  return true;
}

void GradScaler::update() {
  if (stage_ == Stage::scaled) {
    throw InvalidArgumentError("There was no step() since the last update().");
  }
  if (stage_ == Stage::overflowed) {
    state_.scale = as_float(state_.scale * state_.backoff_factor);
    state_.growth_tracker = 0;
  } else if (++state_.growth_tracker == state_.growth_interval) {
    const double grown = as_float(state_.scale * state_.growth_factor);
    if (std::isfinite(grown)) state_.scale = grown;
    state_.growth_tracker = 0;
  }
  stage_ = Stage::scaled;
}

void GradScaler::load_state(const GradScalerState& state) {
  GradScalerState rounded = state;
  rounded.scale = as_float(state.scale);
  check(rounded);
  state_ = rounded;
  stage_ = Stage::scaled;
}

}  // namespace torchhub
