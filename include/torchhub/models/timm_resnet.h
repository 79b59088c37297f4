#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// basic: two 3x3 convolutions; bottleneck: 1x1, 3x3, 1x1 with four times as many channels out.
enum class ResnetBlock { basic, bottleneck };
/// plain: one 7x7 convolution to 64 channels; deep: three 3x3; deep_tiered: three, the first
/// narrow.
enum class ResnetStem { plain, deep, deep_tiered };

/// "basic", "bottleneck". @throws InvalidArgumentError that lists the known words
ResnetBlock resnet_block(std::string_view word);
/// "", "deep", "deep_tiered" or "deep-tiered". @throws InvalidArgumentError
ResnetStem resnet_stem(std::string_view word);

/// The knobs of timm's ResNet, under its names.
struct TimmResnetOptions {
  ResnetBlock block = ResnetBlock::bottleneck;
  std::vector<std::int64_t> layers = {3, 4, 6, 3};  ///< Blocks of each stage; 1 to 4 stages.
  std::int64_t num_classes = 1000;                  ///< 0: forward() gives pooled features.
  std::int64_t in_chans = 3;
  std::int64_t cardinality = 1;  ///< Groups of the 3x3 convolution; basic blocks take 1 only.
  std::int64_t base_width = 64;  ///< Channels per group and 64 planes; basic blocks take 64 only.
  std::int64_t stem_width = 64;  ///< Of a deep stem, which ends with twice as many channels.
  ResnetStem stem_type = ResnetStem::plain;
  bool avg_down = false;                ///< Average pool before the 1x1 convolution of a shortcut.
  std::int64_t output_stride = 32;      ///< 8, 16 or 32: later stages dilate instead of striding.
  bool replace_stem_pool = false;       ///< A strided convolution in the place of the max pool.
  std::int64_t block_reduce_first = 1;  ///< Divides the width of each block's first convolution.
  std::int64_t down_kernel_size = 1;    ///< Of the shortcut's convolution.
  double drop_rate = 0.0;               ///< Dropout before the classifier, in training. [0, 1)
  bool zero_init_last = true;           ///< Blocks start as the identity.
};

/// All that cannot be, each saying what would be right.
std::vector<std::string> problems(const TimmResnetOptions& options);

/// "resnet18", "resnet18d", "resnet26t", "resnet50", "resnet50d", "resnext50_32x4d".
/// @throws InvalidArgumentError that lists the known names
TimmResnetOptions timm_resnet_preset(std::string_view name);

/// timm's ResNet (timm 1.0 models/resnet.py) with its parameter names: conv1, bn1, layer1.0.conv1,
/// layer2.0.downsample.0, fc. With fewer than four stages, fc takes the last one's channels.
class TimmResnet : public torch::nn::Module {
 public:
  /// Convolutions start Kaiming normal (fan out), batch norms 1 and 0, the last of a block 0.
  /// @throws InvalidArgumentError that lists problems()
  explicit TimmResnet(const TimmResnetOptions& options);

  /// @param pixel_values [batch, in_chans, height, width]
  /// @return [batch, channels, height / 32, width / 32] with four stages
  at::Tensor forward_features(const at::Tensor& pixel_values);
  /// @return [batch, num_classes]
  at::Tensor forward(const at::Tensor& pixel_values);

 private:
  struct Parts;
  void init_weights(bool zero_init_last);

  double drop_rate_;
  std::shared_ptr<Parts> parts_;
};

}  // namespace torchhub
