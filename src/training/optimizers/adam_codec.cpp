#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizers/fused_adamw.h"
#include "training/optimizers/optimizer_codec.h"
#include "training/optimizers/optimizer_state.h"

namespace torchhub {
namespace {

using pickle::Dict;
using pickle::None;
using pickle::Tuple;
using pickle::Value;

/// Adam and AdamW: the same fields, but for how they decay.
template <typename AdamOptions, typename AdamState>
class AdamCodec final : public OptimizerCodec {
 public:
  AdamCodec(bool decoupled, bool fused) : decoupled_(decoupled), fused_(fused) {}

  double weight_decay(const Options& options) const override { return of(options).weight_decay(); }

  void write_settings(const Options& options, Dict& group) const override {
    const auto [beta1, beta2] = of(options).betas();
    group.set("betas", Tuple{{beta1, beta2}});
    group.set("eps", of(options).eps());
    group.set("amsgrad", of(options).amsgrad());
    group.set("maximize", false);
    group.set("foreach", None{});
    group.set("capturable", false);
    group.set("differentiable", false);
    group.set("fused", fused_ ? Value(true) : Value(None{}));
    group.set("decoupled_weight_decay", decoupled_);
  }

  std::optional<Dict> write_state(const torch::optim::Optimizer& optimizer,
                                  const at::Tensor& parameter,
                                  const ToHost& to_host) const override {
    const auto* state = optimizer_state<AdamState>(optimizer, parameter);
    if (!state) return std::nullopt;
    Dict dict;
    dict.set("step", pickled_step(state->step()));
    dict.set("exp_avg", pickle_tensor(state->exp_avg(), to_host));
    dict.set("exp_avg_sq", pickle_tensor(state->exp_avg_sq(), to_host));
    if (state->max_exp_avg_sq().defined()) {
      dict.set("max_exp_avg_sq", pickle_tensor(state->max_exp_avg_sq(), to_host));
    }
    return dict;
  }

  std::unique_ptr<Options> read_settings(const Options& now,
                                         const SavedGroup& saved) const override {
    saved.require_kind("betas", decoupled_ ? "AdamW" : "Adam");
    saved.require_flag("decoupled_weight_decay", decoupled_);
    saved.require_flag("maximize", false);
    auto read = std::make_unique<AdamOptions>(of(now));
    const auto [beta1, beta2] = read->betas();
    read->betas({saved.fraction("betas", 0, beta1), saved.fraction("betas", 1, beta2)});
    read->eps(saved.number("eps", read->eps()));
    read->weight_decay(saved.number("weight_decay", read->weight_decay()));
    read->amsgrad(saved.flag("amsgrad", read->amsgrad()));
    return read;
  }

  std::unique_ptr<State> read_state(const SavedParameter& saved,
                                    const Options& options) const override {
    auto state = std::make_unique<AdamState>();
    state->step(saved.step());
    state->exp_avg(saved.tensor("exp_avg"));
    state->exp_avg_sq(saved.tensor("exp_avg_sq"));
    if (of(options).amsgrad()) state->max_exp_avg_sq(saved.tensor("max_exp_avg_sq"));
    return state;
  }

 private:
  static const AdamOptions& of(const Options& options) {
    return static_cast<const AdamOptions&>(options);
  }

  bool decoupled_;
  bool fused_;
};

}  // namespace

std::unique_ptr<OptimizerCodec> adam_codec(const torch::optim::Optimizer& optimizer) {
  if (dynamic_cast<const torch::optim::AdamW*>(&optimizer)) {
    const auto* ours = dynamic_cast<const FusedAdamW*>(&optimizer);
    return std::make_unique<AdamCodec<torch::optim::AdamWOptions, torch::optim::AdamWParamState>>(
        /*decoupled=*/true, ours && ours->announces_fused());
  }
  if (dynamic_cast<const torch::optim::Adam*>(&optimizer)) {
    return std::make_unique<AdamCodec<torch::optim::AdamOptions, torch::optim::AdamParamState>>(
        /*decoupled=*/false, /*fused=*/false);
  }
  return nullptr;
}

}  // namespace torchhub
