#include "timm_resnet_blocks.h"

namespace torchhub {
namespace {

using torch::nn::BatchNorm2d;
using torch::nn::Conv2d;
using torch::nn::Conv2dOptions;
using torch::nn::Sequential;

/// 3x3 that keeps the size at stride 1.
Conv2dOptions conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride,
                      std::int64_t dilation) {
  return Conv2dOptions(in, out, 3).stride(stride).padding(dilation).dilation(dilation);
}

class BasicBlock final : public ResnetBlockModule {
 public:
  BasicBlock(const TimmResnetOptions& options, const ResnetBlockPlan& plan)
      : downsample_(plan.downsample) {
    const std::int64_t first = plan.planes / options.block_reduce_first;
    conv1_ = register_module(
        "conv1", bare_conv(conv3x3(plan.inplanes, first, plan.stride, plan.first_dilation)));
    bn1_ = register_module("bn1", BatchNorm2d(first));
    conv2_ = register_module("conv2", bare_conv(conv3x3(first, plan.planes, 1, plan.dilation)));
    bn2_ = register_module("bn2", BatchNorm2d(plan.planes));
    if (downsample_) register_module("downsample", downsample_);
  }

  at::Tensor forward(at::Tensor x) override {
    const at::Tensor shortcut = downsample_ ? downsample_->forward(x) : x;
    x = bn1_(conv1_(x)).relu_();
    x = bn2_(conv2_(x));
    return (x + shortcut).relu_();
  }

  BatchNorm2d last_norm() const override { return bn2_; }

 private:
  Conv2d conv1_{nullptr}, conv2_{nullptr};
  BatchNorm2d bn1_{nullptr}, bn2_{nullptr};
  Sequential downsample_{nullptr};
};

class Bottleneck final : public ResnetBlockModule {
 public:
  Bottleneck(const TimmResnetOptions& options, const ResnetBlockPlan& plan)
      : downsample_(plan.downsample) {
    const std::int64_t width = plan.planes * options.base_width / 64 * options.cardinality;
    const std::int64_t first = width / options.block_reduce_first;
    const std::int64_t out = plan.planes * expansion(ResnetBlock::bottleneck);
    conv1_ = register_module("conv1", bare_conv(Conv2dOptions(plan.inplanes, first, 1)));
    bn1_ = register_module("bn1", BatchNorm2d(first));
    conv2_ = register_module(
        "conv2",
        bare_conv(
            conv3x3(first, width, plan.stride, plan.first_dilation).groups(options.cardinality)));
    bn2_ = register_module("bn2", BatchNorm2d(width));
    conv3_ = register_module("conv3", bare_conv(Conv2dOptions(width, out, 1)));
    bn3_ = register_module("bn3", BatchNorm2d(out));
    if (downsample_) register_module("downsample", downsample_);
  }

  at::Tensor forward(at::Tensor x) override {
    const at::Tensor shortcut = downsample_ ? downsample_->forward(x) : x;
    x = bn1_(conv1_(x)).relu_();
    x = bn2_(conv2_(x)).relu_();
    x = bn3_(conv3_(x));
    return (x + shortcut).relu_();
  }

  BatchNorm2d last_norm() const override { return bn3_; }

 private:
  Conv2d conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr};
  BatchNorm2d bn1_{nullptr}, bn2_{nullptr}, bn3_{nullptr};
  Sequential downsample_{nullptr};
};

}  // namespace

torch::nn::Conv2d bare_conv(Conv2dOptions options) { return Conv2d(options.bias(false)); }

std::int64_t expansion(ResnetBlock block) { return block == ResnetBlock::bottleneck ? 4 : 1; }

std::shared_ptr<ResnetBlockModule> make_block(const TimmResnetOptions& options,
                                              const ResnetBlockPlan& plan) {
  if (options.block == ResnetBlock::basic) return std::make_shared<BasicBlock>(options, plan);
  return std::make_shared<Bottleneck>(options, plan);
}

}  // namespace torchhub
