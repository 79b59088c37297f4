#include "torchhub/base/error.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizers/adafactor.h"
#include "training/optimizers/optimizer_codec.h"
#include "training/optimizers/optimizer_state.h"

namespace torchhub {
namespace {

using pickle::Dict;
using pickle::None;
using pickle::Tuple;
using pickle::Value;

class AdafactorCodec final : public OptimizerCodec {
 public:
  double weight_decay(const Options& options) const override { return of(options).weight_decay; }
  Value rate(const Options& options) const override {
    return of(options).lr ? Value(*of(options).lr) : Value(None{});
  }

  void write_settings(const Options& options, Dict& group) const override {
    const AdafactorOptions& o = of(options);
    group.set("eps", Tuple{{o.eps1, o.eps2}});
    group.set("clip_threshold", o.clip_threshold);
    group.set("decay_rate", o.decay_rate);
    group.set("beta1", o.beta1 ? Value(*o.beta1) : Value(None{}));
    group.set("scale_parameter", o.scale_parameter);
    group.set("relative_step", o.relative_step);
    group.set("warmup_init", o.warmup_init);
  }

  std::optional<Dict> write_state(const torch::optim::Optimizer& optimizer,
                                  const at::Tensor& parameter,
                                  const ToHost& to_host) const override {
    const auto* state = optimizer_state<AdafactorState>(optimizer, parameter);
    if (!state) return std::nullopt;
    Dict dict;
    dict.set("step", state->step);
    const auto put = [&](const char* key, const at::Tensor& tensor) {
      if (tensor.defined()) dict.set(key, pickle_tensor(tensor, to_host));
    };
    put("exp_avg", state->exp_avg);
    put("exp_avg_sq_row", state->exp_avg_sq_row);
    put("exp_avg_sq_col", state->exp_avg_sq_col);
    put("exp_avg_sq", state->exp_avg_sq);
    put("RMS", state->rms);
    return dict;
  }

  std::unique_ptr<Options> read_settings(const Options& now,
                                         const SavedGroup& saved) const override {
    saved.require_kind("clip_threshold", "Adafactor");
    saved.require_flag("relative_step", of(now).relative_step);  // it decides whose rates count
    AdafactorOptions read = of(now);
    read.eps1 = saved.fraction("eps", 0, read.eps1);
    read.eps2 = saved.fraction("eps", 1, read.eps2);
    read.clip_threshold = saved.number("clip_threshold", read.clip_threshold);
    if (read.clip_threshold == 0) throw InvalidArgumentError("'clip_threshold' is 0.");
    read.decay_rate = saved.any_number("decay_rate", read.decay_rate);
    read.beta1 = saved.optional_fraction("beta1", read.beta1);
    read.weight_decay = saved.number("weight_decay", read.weight_decay);
    read.scale_parameter = saved.flag("scale_parameter", read.scale_parameter);
    read.warmup_init = saved.flag("warmup_init", read.warmup_init);
    return std::make_unique<AdafactorGroup>(read);
  }

  std::unique_ptr<State> read_state(const SavedParameter& saved,
                                    const Options& options) const override {
    const at::Tensor& parameter = saved.parameter();
    const bool half =
        parameter.scalar_type() == at::kHalf || parameter.scalar_type() == at::kBFloat16;
    const at::ScalarType type = half ? at::kFloat : parameter.scalar_type();
    auto state = std::make_unique<AdafactorState>();
    state->step = saved.step();
    if (of(options).beta1) state->exp_avg = saved.tensor("exp_avg", parameter.sizes(), type);
    if (parameter.dim() < 2) {
      state->exp_avg_sq = saved.tensor("exp_avg_sq", parameter.sizes(), type);
    } else {
      state->exp_avg_sq_row = saved.tensor("exp_avg_sq_row", without_dimension(parameter, 1), type);
      state->exp_avg_sq_col = saved.tensor("exp_avg_sq_col", without_dimension(parameter, 2), type);
    }
    if (saved.has("RMS")) {
      state->rms = at::scalar_tensor(saved.number("RMS"), parameter.options().dtype(type));
    }
    return state;
  }

 private:
  static const AdafactorOptions& of(const Options& options) {
    return static_cast<const AdafactorGroup&>(options).options;
  }
};

}  // namespace

std::unique_ptr<OptimizerCodec> adafactor_codec(const torch::optim::Optimizer& optimizer) {
  if (!dynamic_cast<const Adafactor*>(&optimizer)) return nullptr;
  return std::make_unique<AdafactorCodec>();
}

}  // namespace torchhub
