#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizers/optimizer_codec.h"
#include "training/optimizers/optimizer_state.h"

namespace torchhub {
namespace {

using pickle::Dict;
using pickle::None;
using torch::optim::RMSpropOptions;
using torch::optim::RMSpropParamState;

class RmspropCodec final : public OptimizerCodec {
 public:
  double weight_decay(const Options& options) const override { return of(options).weight_decay(); }

  void write_settings(const Options& options, Dict& group) const override {
    group.set("momentum", of(options).momentum());
    group.set("alpha", of(options).alpha());
    group.set("eps", of(options).eps());
    group.set("centered", of(options).centered());
    group.set("capturable", false);
    group.set("foreach", None{});
    group.set("maximize", false);
    group.set("differentiable", false);
  }

  std::optional<Dict> write_state(const torch::optim::Optimizer& optimizer,
                                  const at::Tensor& parameter,
                                  const ToHost& to_host) const override {
    const auto* state = optimizer_state<RMSpropParamState>(optimizer, parameter);
    if (!state) return std::nullopt;
    Dict dict;
    dict.set("step", pickled_step(state->step()));
    dict.set("square_avg", pickle_tensor(state->square_avg(), to_host));
    if (state->momentum_buffer().defined()) {
      dict.set("momentum_buffer", pickle_tensor(state->momentum_buffer(), to_host));
    }
    if (state->grad_avg().defined())
      dict.set("grad_avg", pickle_tensor(state->grad_avg(), to_host));
    return dict;
  }

  std::unique_ptr<Options> read_settings(const Options& now,
                                         const SavedGroup& saved) const override {
    saved.require_kind("alpha", "RMSprop");
    saved.require_flag("maximize", false);
    auto read = std::make_unique<RMSpropOptions>(of(now));
    read->momentum(saved.number("momentum", read->momentum()));
    read->alpha(saved.number("alpha", read->alpha()));
    read->eps(saved.number("eps", read->eps()));
    read->centered(saved.flag("centered", read->centered()));
    read->weight_decay(saved.number("weight_decay", read->weight_decay()));
    return read;
  }

  std::unique_ptr<State> read_state(const SavedParameter& saved,
                                    const Options& options) const override {
    auto state = std::make_unique<RMSpropParamState>();
    state->step(saved.step());
    state->square_avg(saved.tensor("square_avg"));
    if (of(options).momentum() > 0) state->momentum_buffer(saved.tensor("momentum_buffer"));
    if (of(options).centered()) state->grad_avg(saved.tensor("grad_avg"));
    return state;
  }

 private:
  static const RMSpropOptions& of(const Options& options) {
    return static_cast<const RMSpropOptions&>(options);
  }
};

}  // namespace

std::unique_ptr<OptimizerCodec> rmsprop_codec(const torch::optim::Optimizer& optimizer) {
  if (!dynamic_cast<const torch::optim::RMSprop*>(&optimizer)) return nullptr;
  return std::make_unique<RmspropCodec>();
}

}  // namespace torchhub
