#pragma once

#include "torchhub/models/timm_resnet.h"

#include <torch/torch.h>

namespace torchhub {

/// What one residual block is made of.
struct ResnetBlockPlan {
  std::int64_t inplanes;
  std::int64_t planes;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t first_dilation = 1;
  torch::nn::Sequential downsample = nullptr;  // null: the shortcut is the input
};

/// A block: forward, and its last batch norm, which training starts at zero.
class ResnetBlockModule : public torch::nn::Module {
 public:
  virtual at::Tensor forward(at::Tensor x) = 0;
  virtual torch::nn::BatchNorm2d last_norm() const = 0;
};

std::shared_ptr<ResnetBlockModule> make_block(const TimmResnetOptions& options,
                                              const ResnetBlockPlan& plan);

/// Channels out of a block, as a multiple of its planes.
std::int64_t expansion(ResnetBlock block);

torch::nn::Conv2d bare_conv(torch::nn::Conv2dOptions options);

}  // namespace torchhub
