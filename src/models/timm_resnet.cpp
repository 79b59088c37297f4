#include "torchhub/models/timm_resnet.h"

#include "timm_resnet_blocks.h"
#include "torchhub/base/error.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <array>

namespace torchhub {
namespace {

using torch::nn::BatchNorm2d;
using torch::nn::Conv2d;
using torch::nn::Conv2dOptions;
using torch::nn::Sequential;

constexpr std::array<std::int64_t, 4> kPlanes = {64, 128, 256, 512};

/// timm's AvgPool2dSame(2, stride 1): one column and row of zeros at the end keep the size.
at::Tensor same_size_pool(at::Tensor x) {
  return at::avg_pool2d(at::constant_pad_nd(x, {0, 1, 0, 1}), /*kernel_size=*/2, /*stride=*/1);
}

Sequential shortcut_with_pool(const ResnetBlockPlan& plan, std::int64_t out) {
  Sequential shortcut;
  if (plan.stride == 1 && plan.dilation == 1) {
    shortcut->push_back(torch::nn::Identity());
  } else if (plan.dilation > 1) {
    shortcut->push_back(torch::nn::Functional(same_size_pool));
  } else {
    shortcut->push_back(torch::nn::AvgPool2d(torch::nn::AvgPool2dOptions(2)
                                                 .stride(plan.stride)
                                                 .ceil_mode(true)
                                                 .count_include_pad(false)));
  }
  shortcut->push_back(bare_conv(Conv2dOptions(plan.inplanes, out, 1)));
  shortcut->push_back(BatchNorm2d(out));
  return shortcut;
}

Sequential shortcut_with_conv(const TimmResnetOptions& options, const ResnetBlockPlan& plan,
                              std::int64_t out) {
  const bool keeps_size = plan.stride == 1 && plan.dilation == 1;
  const std::int64_t kernel = keeps_size ? 1 : options.down_kernel_size;
  const std::int64_t dilation = kernel > 1 ? plan.first_dilation : 1;
  const std::int64_t padding = (plan.stride - 1 + dilation * (kernel - 1)) / 2;
  return Sequential(bare_conv(Conv2dOptions(plan.inplanes, out, kernel)
                                  .stride(plan.stride)
                                  .padding(padding)
                                  .dilation(dilation)),
                    BatchNorm2d(out));
}

Sequential make_shortcut(const TimmResnetOptions& options, const ResnetBlockPlan& plan) {
  const std::int64_t out = plan.planes * expansion(options.block);
  if (plan.stride == 1 && plan.inplanes == out) return nullptr;
  return options.avg_down ? shortcut_with_pool(plan, out) : shortcut_with_conv(options, plan, out);
}

Sequential deep_stem(const TimmResnetOptions& options, std::int64_t out) {
  const bool tiered = options.stem_type == ResnetStem::deep_tiered;
  const std::int64_t first = tiered ? 3 * (options.stem_width / 4) : options.stem_width;
  const std::int64_t second = options.stem_width;
  return Sequential(bare_conv(Conv2dOptions(options.in_chans, first, 3).stride(2).padding(1)),
                    BatchNorm2d(first), torch::nn::ReLU(),
                    bare_conv(Conv2dOptions(first, second, 3).padding(1)), BatchNorm2d(second),
                    torch::nn::ReLU(), bare_conv(Conv2dOptions(second, out, 3).padding(1)));
}

Sequential stem_pool(const TimmResnetOptions& options, std::int64_t channels) {
  if (options.replace_stem_pool) {
    return Sequential(bare_conv(Conv2dOptions(channels, channels, 3).stride(2).padding(1)),
                      BatchNorm2d(channels), torch::nn::ReLU());
  }
  return Sequential(torch::nn::MaxPool2d(torch::nn::MaxPool2dOptions(3).stride(2).padding(1)));
}

/// Where the stages stand while they are put together.
struct StageState {
  std::int64_t inplanes;
  std::int64_t net_stride = 4;
  std::int64_t dilation = 1;
  std::int64_t prev_dilation = 1;
};

Sequential make_stage(const TimmResnetOptions& options, std::size_t index, StageState& state) {
  std::int64_t stride = index == 0 ? 1 : 2;
  if (state.net_stride >= options.output_stride) {
    state.dilation *= stride;
    stride = 1;
  } else {
    state.net_stride *= stride;
  }
  Sequential stage;
  for (std::int64_t block = 0; block < options.layers[index]; ++block) {
    ResnetBlockPlan plan{.inplanes = state.inplanes,
                         .planes = kPlanes[index],
                         .stride = block == 0 ? stride : 1,
                         .dilation = state.dilation,
                         .first_dilation = state.prev_dilation};
    if (block == 0) plan.downsample = make_shortcut(options, plan);
    stage->push_back(make_block(options, plan));
    state.prev_dilation = state.dilation;
    state.inplanes = kPlanes[index] * expansion(options.block);
  }
  return stage;
}

std::string quoted_words(std::string_view what, std::string_view known, std::string_view got) {
  return fmt::format("{} must be {}, got {}.", what, known, got);
}

}  // namespace

struct TimmResnet::Parts {
  Sequential deep_conv1{nullptr};  // one of these two
  Conv2d plain_conv1{nullptr};
  BatchNorm2d bn1{nullptr};
  Sequential maxpool{nullptr};
  std::vector<Sequential> stages = {};
  torch::nn::Linear fc{nullptr};  // null: no classes
};

TimmResnet::TimmResnet(const TimmResnetOptions& options)
    : drop_rate_(options.drop_rate), parts_(std::make_shared<Parts>()) {
  std::vector<std::string> wrong = problems(options);
  if (!wrong.empty()) throw InvalidArgumentError("TimmResnetOptions are not valid", wrong);

  const bool deep = options.stem_type != ResnetStem::plain;
  StageState state{.inplanes = deep ? 2 * options.stem_width : 64};
  if (deep) {
    parts_->deep_conv1 = register_module("conv1", deep_stem(options, state.inplanes));
  } else {
    parts_->plain_conv1 = register_module(
        "conv1",
        bare_conv(Conv2dOptions(options.in_chans, state.inplanes, 7).stride(2).padding(3)));
  }
  parts_->bn1 = register_module("bn1", BatchNorm2d(state.inplanes));
  parts_->maxpool = register_module("maxpool", stem_pool(options, state.inplanes));
  for (std::size_t i = 0; i < options.layers.size(); ++i) {
    parts_->stages.push_back(
        register_module(fmt::format("layer{}", i + 1), make_stage(options, i, state)));
  }
  if (options.num_classes > 0) {
    parts_->fc = register_module("fc", torch::nn::Linear(state.inplanes, options.num_classes));
  }
  init_weights(options.zero_init_last);
}

void TimmResnet::init_weights(bool zero_init_last) {
  const torch::NoGradGuard no_grad;
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
    }
    const auto* block = dynamic_cast<const ResnetBlockModule*>(module.get());
    if (block != nullptr && zero_init_last) torch::nn::init::zeros_(block->last_norm()->weight);
  }
}

at::Tensor TimmResnet::forward_features(const at::Tensor& pixel_values) {
  Parts& parts = *parts_;
  at::Tensor x = parts.deep_conv1 ? parts.deep_conv1->forward(pixel_values)
                                  : parts.plain_conv1->forward(pixel_values);
  x = parts.maxpool->forward(parts.bn1(x).relu_());
  for (Sequential& stage : parts.stages) x = stage->forward(x);
  return x;
}

at::Tensor TimmResnet::forward(const at::Tensor& pixel_values) {
  at::Tensor x = forward_features(pixel_values).mean({2, 3});
  if (drop_rate_ > 0) x = torch::dropout(x, drop_rate_, is_training());
  return parts_->fc ? parts_->fc->forward(x) : x;
}

ResnetBlock resnet_block(std::string_view word) {
  if (word == "basic") return ResnetBlock::basic;
  if (word == "bottleneck") return ResnetBlock::bottleneck;
  throw InvalidArgumentError(quoted_words("block_type", "'basic' or 'bottleneck'", word));
}

ResnetStem resnet_stem(std::string_view word) {
  if (word.empty()) return ResnetStem::plain;
  if (word == "deep") return ResnetStem::deep;
  if (word == "deep_tiered" || word == "deep-tiered") return ResnetStem::deep_tiered;
  throw InvalidArgumentError(quoted_words("stem_type", "'', 'deep' or 'deep-tiered'", word));
}

std::vector<std::string> problems(const TimmResnetOptions& options) {
  std::vector<std::string> found;
  const auto expect = [&](bool holds, std::string text) {
    if (!holds) found.push_back(std::move(text));
  };
  const auto positive = [&](std::string_view name, std::int64_t value) {
    expect(value > 0, fmt::format("{} must be above 0, got {}.", name, value));
  };
  expect(!options.layers.empty() && options.layers.size() <= kPlanes.size(),
         fmt::format("layers must have 1 to 4 entries, got {}.", options.layers.size()));
  for (const std::int64_t blocks : options.layers) positive("each entry of layers", blocks);
  expect(options.num_classes >= 0,
         fmt::format("num_classes must not be negative, got {}.", options.num_classes));
  positive("in_chans", options.in_chans);
  positive("cardinality", options.cardinality);
  positive("base_width", options.base_width);
  positive("block_reduce_first", options.block_reduce_first);
  positive("down_kernel_size", options.down_kernel_size);
  const bool tiered = options.stem_type == ResnetStem::deep_tiered;
  expect(
      options.stem_width >= (tiered ? 4 : 1),
      fmt::format("stem_width must be at least {}, got {}.", tiered ? 4 : 1, options.stem_width));
  expect(options.block == ResnetBlock::bottleneck ||
             (options.cardinality == 1 && options.base_width == 64),
         fmt::format("basic blocks need cardinality 1 and base_width 64, got {} and {}.",
                     options.cardinality, options.base_width));
  expect(options.output_stride == 8 || options.output_stride == 16 || options.output_stride == 32,
         fmt::format("output_stride must be 8, 16 or 32, got {}.", options.output_stride));
  expect(options.drop_rate >= 0 && options.drop_rate < 1,
         fmt::format("drop_rate must be in [0, 1), got {}.", options.drop_rate));
  return found;
}

TimmResnetOptions timm_resnet_preset(std::string_view name) {
  const std::vector<std::int64_t> small = {2, 2, 2, 2};
  TimmResnetOptions basic{.block = ResnetBlock::basic, .layers = small};
  TimmResnetOptions deep{.stem_width = 32, .stem_type = ResnetStem::deep, .avg_down = true};
  if (name == "resnet18") return basic;
  if (name == "resnet50") return {};
  if (name == "resnet50d") return deep;
  if (name == "resnext50_32x4d") return {.cardinality = 32, .base_width = 4};
  if (name == "resnet18d") {
    deep.block = ResnetBlock::basic;
    deep.layers = small;
    return deep;
  }
  if (name == "resnet26t") {
    deep.layers = small;
    deep.stem_type = ResnetStem::deep_tiered;
    return deep;
  }
  throw InvalidArgumentError(fmt::format(
      "timm ResNet '{}' is not known. Known: resnet18, resnet18d, resnet26t, resnet50, resnet50d, "
      "resnext50_32x4d.",
      name));
}

}  // namespace torchhub
