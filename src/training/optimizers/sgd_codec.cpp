#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizers/optimizer_codec.h"
#include "training/optimizers/optimizer_state.h"

namespace torchhub {
namespace {

using pickle::Dict;
using pickle::None;
using torch::optim::SGDOptions;
using torch::optim::SGDParamState;

class SgdCodec final : public OptimizerCodec {
 public:
  double weight_decay(const Options& options) const override { return of(options).weight_decay(); }

  void write_settings(const Options& options, Dict& group) const override {
    group.set("momentum", of(options).momentum());
    group.set("dampening", of(options).dampening());
    group.set("nesterov", of(options).nesterov());
    group.set("maximize", false);
    group.set("foreach", None{});
    group.set("differentiable", false);
    group.set("fused", None{});
  }

  std::optional<Dict> write_state(const torch::optim::Optimizer& optimizer,
                                  const at::Tensor& parameter,
                                  const ToHost& to_host) const override {
    const auto* state = optimizer_state<SGDParamState>(optimizer, parameter);
    if (!state || !state->momentum_buffer().defined()) return std::nullopt;
    Dict dict;
    dict.set("momentum_buffer", pickle_tensor(state->momentum_buffer(), to_host));
    return dict;
  }

  std::unique_ptr<Options> read_settings(const Options& now,
                                         const SavedGroup& saved) const override {
    saved.require_kind("dampening", "SGD");
    saved.require_flag("maximize", false);
    auto read = std::make_unique<SGDOptions>(of(now));
    read->momentum(saved.number("momentum", read->momentum()));
    read->dampening(saved.any_number("dampening", read->dampening()));
    read->weight_decay(saved.number("weight_decay", read->weight_decay()));
    read->nesterov(saved.flag("nesterov", read->nesterov()));
    return read;
  }

  std::unique_ptr<State> read_state(const SavedParameter& saved,
                                    const Options& /*options*/) const override {
    if (!saved.has("momentum_buffer")) return nullptr;  // older PyTorch wrote None
    auto state = std::make_unique<SGDParamState>();
    state->momentum_buffer(saved.tensor("momentum_buffer"));
    return state;
  }

 private:
  static const SGDOptions& of(const Options& options) {
    return static_cast<const SGDOptions&>(options);
  }
};

}  // namespace

std::unique_ptr<OptimizerCodec> sgd_codec(const torch::optim::Optimizer& optimizer) {
  if (!dynamic_cast<const torch::optim::SGD*>(&optimizer)) return nullptr;
  return std::make_unique<SgdCodec>();
}

}  // namespace torchhub
