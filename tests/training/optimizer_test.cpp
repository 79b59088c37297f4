#include "torchhub/training/optimizer.h"

#include "torchhub/base/error.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>

namespace torchhub {
namespace {

using Names = std::vector<std::string>;

class Net : public torch::nn::Module {
 public:
  Net() {
    register_module("embed", torch::nn::Embedding(4, 2));
    register_module("ln_1", torch::nn::LayerNorm(torch::nn::LayerNormOptions({2})));
    register_module("layernorm_like", torch::nn::BatchNorm1d(2));
    register_module("bn1", torch::nn::BatchNorm1d(2));
    register_module("fc", torch::nn::Linear(2, 2));
    register_module("frozen", torch::nn::Linear(2, 2));
    for (auto& parameter : named_parameters()) {
      if (parameter.key().starts_with("frozen")) parameter.value().set_requires_grad(false);
    }
  }
};

Names names_of(const std::vector<std::pair<std::string, at::Tensor>>& group) {
  Names names;
  for (const auto& [name, tensor] : group) names.push_back(name);
  return names;
}

TEST(DecayGroups, SpareLayerNormsBiasesAndNormsByName) {
  const ParameterGroups groups = decay_groups(Net());
  EXPECT_EQ(names_of(groups.decay), (Names{"embed.weight", "bn1.weight", "fc.weight"}));
  EXPECT_EQ(names_of(groups.no_decay), (Names{"ln_1.weight", "ln_1.bias", "layernorm_like.weight",
                                              "layernorm_like.bias", "bn1.bias", "fc.bias"}));
}

TEST(DecayGroups, HoldATiedParameterOnceUnderItsFirstName) {
  class Tied : public torch::nn::Module {
   public:
    Tied() {
      const torch::Tensor shared = register_parameter("embed", torch::zeros({3, 3}));
      register_parameter("head", shared);
    }
  };
  const ParameterGroups groups = decay_groups(Tied());
  EXPECT_EQ(names_of(groups.decay), Names{"embed"});
}

TEST(DecayGroups, ReadNamesAsPythonDoes) {
  for (const char* name : {"a.bias", "relative_attention_bias.weight", "x.LayerNorm.w", "rmsnorm",
                           "model.norm.weight", "q_norm.weight"}) {
    EXPECT_TRUE(name_forbids_decay(name)) << name;
  }
  for (const char* name : {"norm1.weight", "fc.weight", "normal.weight"}) {
    EXPECT_FALSE(name_forbids_decay(name)) << name;
  }
}

TEST(Adamw, DecaysOnlyTheDecayGroup) {
  Net net;
  const auto optimizer = make_adamw(net, {.learning_rate = 0.1, .weight_decay = 0.5});
  for (auto& parameter : net.named_parameters()) {
    if (parameter.value().requires_grad()) {
      parameter.value().mutable_grad() = torch::zeros_like(parameter.value());
    }
  }
  const torch::Tensor weight = net.named_parameters()["fc.weight"].detach().clone();
  const torch::Tensor bias = net.named_parameters()["fc.bias"].detach().clone();
  optimizer->step();
  EXPECT_TRUE(torch::allclose(net.named_parameters()["fc.weight"], weight * (1 - 0.1 * 0.5)));
  EXPECT_TRUE(torch::equal(net.named_parameters()["fc.bias"], bias));
}

TEST(Adamw, NeedsSomethingToTrain) {
  torch::nn::Linear frozen(2, 2);
  for (auto& parameter : frozen->parameters()) parameter.set_requires_grad(false);
  EXPECT_THROW(make_adamw(*frozen, {}), InvalidArgumentError);
}

TEST(ClipGradients, GivesTheNormBeforeClippingAndNoClippingForZero) {
  torch::nn::Linear net(2, 1);
  const auto optimizer = make_adamw(*net, {});
  const auto set = [&] {
    net->weight.mutable_grad() = torch::tensor({{3.0F, 0.0F}});
    net->bias.mutable_grad() = torch::tensor({4.0F});
  };
  set();
  EXPECT_NEAR(clip_gradients(*optimizer, 1.0), 5.0, 1e-6);
  EXPECT_NEAR(net->bias.grad().item<float>(), 0.8, 1e-5);
  set();
  EXPECT_NEAR(clip_gradients(*optimizer, 0), 5.0, 1e-6);
  EXPECT_EQ(net->bias.grad().item<float>(), 4.0F);
}

TEST(ClipGradients, LeavesTheOthersAloneWhereOneIsInfiniteAndNothingIsClipped) {
  torch::nn::Linear net(2, 1);
  const auto optimizer = make_adamw(*net, {});
  net->weight.mutable_grad() = torch::tensor({{INFINITY, 0.0F}});
  net->bias.mutable_grad() = torch::tensor({4.0F});
  EXPECT_EQ(clip_gradients(*optimizer, 0), INFINITY);
  EXPECT_EQ(net->bias.grad().item<float>(), 4.0F);
}

TEST(ClearGradients, LeavesNoneSoThatWhatIsNotUsedIsNotUpdated) {
  torch::nn::Linear net(2, 1);
  const auto optimizer = make_adamw(*net, {.weight_decay = 0.5});
  net->forward(torch::ones({1, 2})).sum().backward();
  clear_gradients(*optimizer);
  EXPECT_FALSE(net->weight.grad().defined());
  const torch::Tensor before = net->weight.detach().clone();
  optimizer->step();  // LibTorch 1.13's zero_grad() would leave zeros, and the weight would decay
  EXPECT_TRUE(torch::equal(before, net->weight));
}

}  // namespace
}  // namespace torchhub
