#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizers/optimizer_codec.h"
#include "training/optimizers/optimizer_state.h"

namespace torchhub {
namespace {

using pickle::Dict;
using pickle::None;
using torch::optim::AdagradOptions;
using torch::optim::AdagradParamState;

class AdagradCodec final : public OptimizerCodec {
 public:
  double weight_decay(const Options& options) const override { return of(options).weight_decay(); }

  void write_settings(const Options& options, Dict& group) const override {
    group.set("lr_decay", of(options).lr_decay());
    group.set("eps", of(options).eps());
    group.set("initial_accumulator_value", of(options).initial_accumulator_value());
    group.set("foreach", None{});
    group.set("maximize", false);
    group.set("differentiable", false);
    group.set("fused", None{});
  }

  std::optional<Dict> write_state(const torch::optim::Optimizer& optimizer,
                                  const at::Tensor& parameter,
                                  const ToHost& to_host) const override {
    const auto* state = optimizer_state<AdagradParamState>(optimizer, parameter);
    if (!state) return std::nullopt;
    Dict dict;
    dict.set("step", pickled_step(state->step()));
    dict.set("sum", pickle_tensor(state->sum(), to_host));
    return dict;
  }

  std::unique_ptr<Options> read_settings(const Options& now,
                                         const SavedGroup& saved) const override {
    saved.require_kind("lr_decay", "Adagrad");
    saved.require_flag("maximize", false);
    auto read = std::make_unique<AdagradOptions>(of(now));
    read->lr_decay(saved.number("lr_decay", read->lr_decay()));
    read->eps(saved.number("eps", read->eps()));
    read->weight_decay(saved.number("weight_decay", read->weight_decay()));
    read->initial_accumulator_value(
        saved.number("initial_accumulator_value", read->initial_accumulator_value()));
    return read;
  }

  std::unique_ptr<State> read_state(const SavedParameter& saved,
                                    const Options& /*options*/) const override {
    auto state = std::make_unique<AdagradParamState>();
    state->step(saved.step());
    state->sum(saved.tensor("sum"));
    return state;
  }

  bool needs_state() const override { return true; }

 private:
  static const AdagradOptions& of(const Options& options) {
    return static_cast<const AdagradOptions&>(options);
  }
};

}  // namespace

std::unique_ptr<OptimizerCodec> adagrad_codec(const torch::optim::Optimizer& optimizer) {
  if (!dynamic_cast<const torch::optim::Adagrad*>(&optimizer)) return nullptr;
  return std::make_unique<AdagradCodec>();
}

}  // namespace torchhub
