#pragma once

#include "training/optimizers/adamw_kernel.h"

#include <torch/torch.h>

#include <vector>

namespace torchhub {

/// One AdamW update by LibTorch's operations on lists of tensors: for what lies on a GPU, and for
/// types that our own loop does not know.
class AdamwTensors {
 public:
  AdamwTensors(const AdamwSettings& settings, bool amsgrad)
      : settings_(settings), amsgrad_(amsgrad) {}

  /// @param state whose `step` counts this update already
  void add(const at::Tensor& parameter, const at::Tensor& gradient,
           const torch::optim::AdamWParamState& state);
  void update();

 private:
  /// What one operation takes: of one device, type and number of updates.
  struct Lists {
    std::int64_t step = 0;
    std::vector<at::Tensor> parameters;
    std::vector<at::Tensor> gradients;
    std::vector<at::Tensor> exp_avgs;
    std::vector<at::Tensor> exp_avg_sqs;
    std::vector<at::Tensor> max_exp_avg_sqs;  ///< Empty: not amsgrad.
  };

  Lists& lists_for(const at::Tensor& parameter, std::int64_t step);
  bool update_fused(Lists& lists) const;
  void update_by_foreach(Lists& lists) const;

  AdamwSettings settings_;
  bool amsgrad_;
  std::vector<Lists> all_;
};

}  // namespace torchhub
