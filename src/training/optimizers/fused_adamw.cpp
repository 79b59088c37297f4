#include "training/optimizers/fused_adamw.h"

#include "torchhub/base/error.h"
#include "training/optimizers/adamw_tensors.h"
#include "training/optimizers/closure_loss.h"
#include "training/optimizers/dense_memory.h"
#include "training/optimizers/optimizer_state.h"
#include "training/optimizers/parallel_pieces.h"

#include <algorithm>
#include <optional>

namespace torchhub {
namespace {

AdamwSettings settings_of(const torch::optim::AdamWOptions& options) {
  return {.lr = options.lr(),
          .beta1 = std::get<0>(options.betas()),
          .beta2 = std::get<1>(options.betas()),
          .eps = options.eps(),
          .weight_decay = options.weight_decay()};
}

/// Moments may have come from a file, in another order than the parameter's.
void put_in_order(torch::optim::AdamWParamState& state, const at::Tensor& parameter) {
  const auto in_order = [&](const at::Tensor& moment) { return in_order_of(parameter, moment); };
  if (!same_order(parameter, state.exp_avg())) state.exp_avg(in_order(state.exp_avg()));
  if (!same_order(parameter, state.exp_avg_sq())) state.exp_avg_sq(in_order(state.exp_avg_sq()));
  const at::Tensor& most = state.max_exp_avg_sq();
  if (most.defined() && !same_order(parameter, most)) state.max_exp_avg_sq(in_order(most));
}

/// Work on floats or doubles, cut into pieces.
template <typename T>
class Pieces {
 public:
  void add(const at::Tensor& parameter, const at::Tensor& gradient,
           const torch::optim::AdamWParamState& state, const AdamwFactors& factors, bool amsgrad) {
    const AdamwSpan<T> all{
        .parameter = parameter.data_ptr<T>(),
        .gradient = gradient.data_ptr<T>(),
        .exp_avg = state.exp_avg().template data_ptr<T>(),
        .exp_avg_sq = state.exp_avg_sq().template data_ptr<T>(),
        .max_exp_avg_sq = amsgrad ? state.max_exp_avg_sq().template data_ptr<T>() : nullptr,
        .size = parameter.numel()};
    for (std::int64_t start = 0; start < all.size; start += kPieceElements) {
      pieces_.push_back({.span = {.parameter = all.parameter + start,
                                  .gradient = all.gradient + start,
                                  .exp_avg = all.exp_avg + start,
                                  .exp_avg_sq = all.exp_avg_sq + start,
                                  .max_exp_avg_sq = amsgrad ? all.max_exp_avg_sq + start : nullptr,
                                  .size = std::min(kPieceElements, all.size - start)},
                         .factors = factors});
    }
  }

  void update() const {
    for_each_piece(static_cast<std::int64_t>(pieces_.size()), [this](std::int64_t i) {
      const Piece& piece = pieces_[static_cast<std::size_t>(i)];
      adamw_update(piece.span, piece.factors);
    });
  }

 private:
  struct Piece {
    AdamwSpan<T> span;
    AdamwFactors factors;
  };
  std::vector<Piece> pieces_;
};

}  // namespace

torch::Tensor FusedAdamW::step(LossClosure closure) {
  torch::Tensor loss = loss_of(closure);
  const torch::NoGradGuard no_gradients;
  keys_.resize(param_groups_.size());
  for (std::size_t group = 0; group < param_groups_.size(); ++group) step_group(group);
  return loss;
}

void FusedAdamW::step_group(std::size_t group) {
  const std::vector<at::Tensor>& parameters = param_groups_[group].params();
  const auto& options =
      static_cast<const torch::optim::AdamWOptions&>(param_groups_[group].options());
  const AdamwSettings settings = settings_of(options);
  std::optional<AdamwFactors> factors;  // the same for all, but where one was not always used
  std::int64_t step_of_factors = 0;
  Pieces<float> floats;
  Pieces<double> doubles;
  AdamwTensors others(settings, options.amsgrad());
  std::vector<at::Tensor> reordered;  // gradients that must live until the update

  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor& parameter = parameters[i];
    at::Tensor gradient = parameter.grad();
    if (!gradient.defined()) continue;
    if (gradient.is_sparse()) {
      throw InvalidArgumentError(
          "AdamW takes no sparse gradients. Use sgd, or make the embedding's gradients dense.");
    }
    State& state = state_of(group, i, options.amsgrad());
    state.step(state.step() + 1);
    if (!is_plain_memory(parameter)) {
      others.add(parameter, gradient, state);
      continue;
    }
    put_in_order(state, parameter);
    if (!same_order(parameter, gradient)) {
      gradient = reordered.emplace_back(in_order_of(parameter, gradient));
    }
    if (!factors || step_of_factors != state.step()) {
      factors.emplace(settings, state.step());
      step_of_factors = state.step();
    }
    if (parameter.scalar_type() == at::kFloat) {
      floats.add(parameter, gradient, state, *factors, options.amsgrad());
    } else {
      doubles.add(parameter, gradient, state, *factors, options.amsgrad());
    }
    // What autograd kept of the old values must not be used any more.
    if (!parameter.is_inference()) parameter.unsafeGetTensorImpl()->bump_version();
  }
  floats.update();
  doubles.update();
  others.update();
}

FusedAdamW::State& FusedAdamW::state_of(std::size_t group, std::size_t index, bool amsgrad) {
  const at::Tensor& parameter = param_groups_[group].params()[index];
  auto& slot = state_[key_of(group, index)];
  if (!slot) {
    auto fresh = std::make_unique<State>();
    fresh->step(0);
    fresh->exp_avg(at::zeros_like(parameter, at::MemoryFormat::Preserve));
    fresh->exp_avg_sq(at::zeros_like(parameter, at::MemoryFormat::Preserve));
    slot = std::move(fresh);
  }
  auto& state = static_cast<State&>(*slot);
  if (amsgrad && !state.max_exp_avg_sq().defined()) {
    state.max_exp_avg_sq(at::zeros_like(parameter, at::MemoryFormat::Preserve));
  }
  return state;
}

const FusedAdamW::StateMap::key_type& FusedAdamW::key_of(std::size_t group, std::size_t index) {
  auto& keys = keys_[group];
  const at::Tensor& parameter = param_groups_[group].params()[index];
  if (keys.size() <= index) keys.resize(index + 1);
  auto& [owner, key] = keys[index];
  if (owner != parameter.unsafeGetTensorImpl()) {
    key = optimizer_state_key(state_, parameter);
    owner = parameter.unsafeGetTensorImpl();
  }
  return key;
}

}  // namespace torchhub
