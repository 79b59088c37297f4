#pragma once

#include "torchhub/training/adafactor.h"

#include <torch/torch.h>

#include <memory>
#include <vector>

namespace torchhub {

/// The settings of one parameter group.
struct AdafactorGroup : public torch::optim::OptimizerOptions {
  explicit AdafactorGroup(const AdafactorOptions& values) : options(values) {}

  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override {
    return std::make_unique<AdafactorGroup>(*this);
  }
  double get_lr() const override { return options.lr.value_or(0); }
  void set_lr(const double lr) override {
    if (!options.relative_step) options.lr = lr;
  }

  AdafactorOptions options;
};

/// What it keeps of one parameter; undefined tensors are those that it does not need.
struct AdafactorState : public torch::optim::OptimizerParamState {
  std::unique_ptr<torch::optim::OptimizerParamState> clone() const override {
    return std::make_unique<AdafactorState>(*this);
  }

  std::int64_t step = 0;
  at::Tensor rms;             ///< [] of the weights before the last update.
  at::Tensor exp_avg;         ///< As the parameter, with beta1.
  at::Tensor exp_avg_sq_row;  ///< The parameter without its last dimension, from 2 dimensions on.
  at::Tensor exp_avg_sq_col;  ///< The parameter without its second last dimension, likewise.
  at::Tensor exp_avg_sq;      ///< As the parameter, below 2 dimensions.
};

/// The shape of rows (1) and columns (2): without the last or second last dimension.
std::vector<std::int64_t> without_dimension(const at::Tensor& tensor, std::int64_t from_the_end);

class Adafactor : public torch::optim::Optimizer {
 public:
  /// @param groups whose options are AdafactorGroup
  Adafactor(const std::vector<torch::optim::OptimizerParamGroup>& groups,
            const AdafactorOptions& defaults)
      : Optimizer(groups, std::make_unique<AdafactorGroup>(defaults)) {}

  torch::Tensor step(LossClosure closure = nullptr) override;

 private:
  AdafactorState& state_of(const at::Tensor& parameter, const at::Tensor& gradient,
                           const AdafactorOptions& options);
};

}  // namespace torchhub
