#include "training/optimizers/adafactor.h"

#include "torchhub/base/error.h"
#include "training/optimizers/closure_loss.h"
#include "training/optimizers/optimizer_state.h"
#include "training/optimizers/tensor_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace torchhub {
namespace {

bool is_half(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16;
}

at::Tensor root_mean_square(const at::Tensor& tensor) {
  return tensor.norm(2) / std::sqrt(static_cast<double>(tensor.numel()));
}

/// A tensor, so that nobody waits for a GPU.
at::Tensor rate_of(const AdafactorOptions& o, const AdafactorState& state) {
  const auto step = static_cast<double>(state.step);
  double rate = o.lr.value_or(0);
  if (o.relative_step) {
    const double start = o.warmup_init ? 1e-6 * step : 1e-2;
    rate = std::min(start, 1 / std::sqrt(step));
  }
  if (!o.scale_parameter) return at::scalar_tensor(rate, state.rms.options());
  return state.rms.clamp_min(o.eps2) * rate;
}

/// The gradient divided by the root of its moving square, which rows and columns stand for.
at::Tensor normalised(const at::Tensor& gradient, const AdafactorOptions& o,
                      AdafactorState& state) {
  const double decay = 1 - std::pow(static_cast<double>(state.step), o.decay_rate);
  const at::Tensor square = gradient.pow(2) + o.eps1;
  if (state.exp_avg_sq.defined()) {
    state.exp_avg_sq.mul_(decay).add_(square, 1 - decay);
    return state.exp_avg_sq.rsqrt().mul_(gradient);
  }
  at::Tensor& row = state.exp_avg_sq_row;
  at::Tensor& col = state.exp_avg_sq_col;
  row.mul_(decay).add_(square.mean(-1), 1 - decay);
  col.mul_(decay).add_(square.mean(-2), 1 - decay);
  const at::Tensor row_factor = (row / row.mean(-1, /*keepdim=*/true)).rsqrt_().unsqueeze(-1);
  return (row_factor * col.unsqueeze(-2).rsqrt()).mul_(gradient);
}

void update(const at::Tensor& parameter, const at::Tensor& gradient, const AdafactorOptions& o,
            AdafactorState& state) {
  at::Tensor weight = is_half(parameter) ? parameter.to(at::kFloat) : parameter;
  ++state.step;
  state.rms = root_mean_square(weight);
  const at::Tensor rate = rate_of(o, state);
  at::Tensor change = normalised(gradient, o, state);
  change.div_((root_mean_square(change) / o.clip_threshold).clamp_min_(1));
  change.mul_(rate);
  if (o.beta1) {
    state.exp_avg.mul_(*o.beta1).add_(change, 1 - *o.beta1);
    change = state.exp_avg;
  }
  if (o.weight_decay != 0) weight.add_(weight * (rate * -o.weight_decay));
  weight.sub_(change);
  if (is_half(parameter)) at::Tensor(parameter).copy_(weight);
}

}  // namespace

std::vector<std::int64_t> without_dimension(const at::Tensor& tensor, std::int64_t from_the_end) {
  std::vector<std::int64_t> sizes = tensor.sizes().vec();
  sizes.erase(sizes.end() - from_the_end);
  return sizes;
}

torch::Tensor Adafactor::step(LossClosure closure) {
  torch::Tensor loss = loss_of(closure);
  const torch::NoGradGuard no_gradients;
  for (auto& group : param_groups_) {
    const AdafactorOptions& options = static_cast<AdafactorGroup&>(group.options()).options;
    for (const at::Tensor& parameter : group.params()) {
      at::Tensor gradient = parameter.grad();
      if (!gradient.defined()) continue;
      if (gradient.is_sparse()) {
        throw InvalidArgumentError(
            "Adafactor takes no sparse gradients. Use sgd, or make the embedding's gradients "
            "dense.");
      }
      if (is_half(gradient)) gradient = gradient.to(at::kFloat);
      update(parameter, gradient, options, state_of(parameter, gradient, options));
    }
  }
  return loss;
}

AdafactorState& Adafactor::state_of(const at::Tensor& parameter, const at::Tensor& gradient,
                                    const AdafactorOptions& options) {
  auto& slot = state_[optimizer_state_key(state_, parameter)];
  if (!slot) slot = std::make_unique<AdafactorState>();
  auto& state = static_cast<AdafactorState&>(*slot);
  if (options.beta1 && !state.exp_avg.defined()) state.exp_avg = at::zeros_like(gradient);
  if (gradient.dim() < 2) {
    if (!state.exp_avg_sq.defined()) state.exp_avg_sq = at::zeros_like(gradient);
  } else if (!state.exp_avg_sq_row.defined()) {
    state.exp_avg_sq_row = at::zeros(without_dimension(gradient, 1), gradient.options());
    state.exp_avg_sq_col = at::zeros(without_dimension(gradient, 2), gradient.options());
  }
  return state;
}

std::vector<std::string> problems(const AdafactorOptions& o) {
  std::vector<std::string> found;
  const auto require = [&](bool right, std::string_view problem) {
    if (!right) found.emplace_back(problem);
  };
  require(!(o.lr && o.relative_step), "lr is set, but relative_step makes its own; unset one.");
  require(o.lr || o.relative_step, "lr is not set; set it, or relative_step.");
  require(!o.warmup_init || o.relative_step, "warmup_init needs relative_step.");
  require(!o.lr || (*o.lr >= 0 && std::isfinite(*o.lr)), "lr must be 0 or above.");
  require(!o.beta1 || (*o.beta1 >= 0 && *o.beta1 < 1), "beta1 must be in [0, 1).");
  require(o.clip_threshold > 0, "clip_threshold must be above 0.");
  require(o.eps1 >= 0 && o.eps2 >= 0, "eps1 and eps2 must be 0 or above.");
  require(o.weight_decay >= 0, "weight_decay must be 0 or above.");
  require(std::isfinite(o.decay_rate), "decay_rate must be a number.");
  return found;
}

std::unique_ptr<torch::optim::Optimizer> make_adafactor(const ParameterGroups& groups,
                                                        const AdafactorOptions& options) {
  std::vector<std::string> found = problems(options);
  if (!found.empty()) throw InvalidArgumentError("Adafactor cannot be made", std::move(found));
  const AdafactorGroup decay(options);
  AdafactorGroup no_decay(options);
  no_decay.options.weight_decay = 0;
  auto optimizer = std::make_unique<Adafactor>(tensor_groups(groups, decay, no_decay), options);
  // LibTorch 2.14 gives groups of a kind that it does not know the default settings.
  optimizer->param_groups()[0].set_options(decay.clone());
  optimizer->param_groups()[1].set_options(no_decay.clone());
  return optimizer;
}

}  // namespace torchhub
