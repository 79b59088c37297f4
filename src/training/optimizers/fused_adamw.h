#pragma once

#include "training/optimizers/adamw_kernel.h"

#include <torch/torch.h>

#include <utility>
#include <vector>

namespace torchhub {

/// AdamW that updates all parameters of a group at once: floats and doubles on the CPU in one pass
/// of ours over memory, the others by LibTorch's fused operation (2.4 and later) or by its foreach
/// operations. Its states are those of torch::optim::AdamW.
class FusedAdamW : public torch::optim::AdamW {
 public:
  /// @param announces_fused whether Python shall see `fused: True`; it changes nothing here
  FusedAdamW(const std::vector<torch::optim::OptimizerParamGroup>& groups,
             torch::optim::AdamWOptions defaults, bool announces_fused)
      : AdamW(groups, std::move(defaults)), announces_fused_(announces_fused) {}

  torch::Tensor step(LossClosure closure = nullptr) override;
  bool announces_fused() const { return announces_fused_; }

 private:
  using StateMap = std::decay_t<decltype(std::declval<torch::optim::Optimizer&>().state())>;
  using State = torch::optim::AdamWParamState;

  void step_group(std::size_t group);
  State& state_of(std::size_t group, std::size_t index, bool amsgrad);
  const StateMap::key_type& key_of(std::size_t group, std::size_t index);

  bool announces_fused_;
  /// Of each group's parameters. Before LibTorch 2.0 a key is a text that takes longer to make than
  /// a small parameter to update.
  std::vector<std::vector<std::pair<const void*, StateMap::key_type>>> keys_;
};

}  // namespace torchhub
