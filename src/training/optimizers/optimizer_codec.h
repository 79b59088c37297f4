#pragma once

#include "torchhub/pickle/value.h"
#include "torchhub/weights/pickle_tensors.h"
#include "training/optimizers/saved_group.h"
#include "training/optimizers/saved_parameter.h"

#include <torch/torch.h>

#include <memory>
#include <optional>

namespace torchhub {

/// How one kind of optimizer looks in optimizer.pt.
class OptimizerCodec {
 public:
  using Options = torch::optim::OptimizerOptions;
  using State = torch::optim::OptimizerParamState;

  virtual ~OptimizerCodec() = default;

  virtual double weight_decay(const Options& options) const = 0;
  /// None where the optimizer makes its own rates.
  virtual pickle::Value rate(const Options& options) const { return options.get_lr(); }
  /// What comes after `weight_decay` and `lr` in a group, in PyTorch's order.
  virtual void write_settings(const Options& options, pickle::Dict& group) const = 0;
  /// Nothing before the parameter's first update. Shares the optimizer's memory as far as `to_host`
  /// does.
  virtual std::optional<pickle::Dict> write_state(const torch::optim::Optimizer& optimizer,
                                                  const at::Tensor& parameter,
                                                  const ToHost& to_host) const = 0;

  /// Both throw InvalidArgumentError, PickleError or c10::Error for what does not fit.
  virtual std::unique_ptr<Options> read_settings(const Options& now,
                                                 const SavedGroup& saved) const = 0;
  /// Null if nothing needs to be kept. @param options those of the file
  virtual std::unique_ptr<State> read_state(const SavedParameter& saved,
                                            const Options& options) const = 0;
  /// Whether the optimizer cannot do without a state, even for a parameter that was never updated.
  virtual bool needs_state() const { return false; }
};

/// Null for an optimizer of a kind that we do not know.
std::unique_ptr<OptimizerCodec> codec_of(const torch::optim::Optimizer& optimizer);
/// @throws InvalidArgumentError for an optimizer of a kind that we do not know
std::unique_ptr<OptimizerCodec> require_codec(const torch::optim::Optimizer& optimizer);

std::unique_ptr<OptimizerCodec> adam_codec(const torch::optim::Optimizer& optimizer);
std::unique_ptr<OptimizerCodec> sgd_codec(const torch::optim::Optimizer& optimizer);
std::unique_ptr<OptimizerCodec> adagrad_codec(const torch::optim::Optimizer& optimizer);
std::unique_ptr<OptimizerCodec> rmsprop_codec(const torch::optim::Optimizer& optimizer);
std::unique_ptr<OptimizerCodec> adafactor_codec(const torch::optim::Optimizer& optimizer);

/// A number of updates as PyTorch keeps it: float32, no dimension.
pickle::Value pickled_step(std::int64_t step);

}  // namespace torchhub
