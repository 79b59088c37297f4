#pragma once

#include <torch/torch.h>

namespace torchhub {

// LibTorch's optimizers with its operations on lists of tensors: one for all parameters of a group
// where LibTorch has one a parameter, which on a GPU is one launch for many. The same arithmetic,
// settings and states. Where a gradient is sparse, LibTorch's own step is taken.

class ForeachSgd : public torch::optim::SGD {
 public:
  using SGD::SGD;
  torch::Tensor step(LossClosure closure = nullptr) override;

 private:
  void step_group(torch::optim::OptimizerParamGroup& group);
};

class ForeachAdagrad : public torch::optim::Adagrad {
 public:
  using Adagrad::Adagrad;
  torch::Tensor step(LossClosure closure = nullptr) override;

 private:
  void step_group(torch::optim::OptimizerParamGroup& group);
};

class ForeachRmsprop : public torch::optim::RMSprop {
 public:
  using RMSprop::RMSprop;
  torch::Tensor step(LossClosure closure = nullptr) override;

 private:
  void step_group(torch::optim::OptimizerParamGroup& group);
};

}  // namespace torchhub
