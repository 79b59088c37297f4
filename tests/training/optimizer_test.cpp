#include "torchhub/training/optimizer.h"

#include "support/message_of.h"
#include "torchhub/base/error.h"
#include "torchhub/training/adafactor.h"
#include "training/optimizers/optimizer_codec.h"

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

TEST(DecayGroups, FollowNamesThatAreGiven) {
  const ParameterGroups groups = decay_groups(Net(), {"ln_1.bias", "fc.weight", "frozen.weight"});
  EXPECT_EQ(names_of(groups.decay), (Names{"ln_1.bias", "fc.weight"}));
  EXPECT_EQ(groups.no_decay.size(), 7U);
  EXPECT_EQ(decay_parameter_names(Net()),
            (std::set<std::string>{"embed.weight", "bn1.weight", "fc.weight", "frozen.weight"}));
}

constexpr OptimizerName kAllNames[] = {OptimizerName::adamw_torch, OptimizerName::adamw_torch_fused,
                                       OptimizerName::sgd,         OptimizerName::adagrad,
                                       OptimizerName::rmsprop,     OptimizerName::adafactor};

TEST(MakeOptimizer, GivesEachGroupItsSettings) {
  for (const OptimizerName name : kAllNames) {
    SCOPED_TRACE(to_string(name));
    // LibTorch 2.14 takes what equals a default for what was not given: 1e-3, 0.01, 0 are such.
    const auto optimizer =
        make_optimizer(Net(), {.name = name, .learning_rate = 1e-3, .weight_decay = 0.01});
    EXPECT_EQ(learning_rates(*optimizer), (std::vector<double>{1e-3, 1e-3}));
    const auto codec = codec_of(*optimizer);
    EXPECT_EQ(codec->weight_decay(optimizer->param_groups()[0].options()), 0.01);
    EXPECT_EQ(codec->weight_decay(optimizer->param_groups()[1].options()), 0);
    set_learning_rates(*optimizer, {0.5, 0.25});
    EXPECT_EQ(learning_rates(*optimizer), (std::vector<double>{0.5, 0.25}));
    EXPECT_THROW(set_learning_rates(*optimizer, {0.5}), InvalidArgumentError);
  }
}

TEST(MakeOptimizer, DecaysOnlyTheDecayGroup) {
  Net net;
  const auto optimizer = make_optimizer(net, {.learning_rate = 0.1, .weight_decay = 0.5});
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

TEST(MakeOptimizer, NeedsSomethingToTrain) {
  torch::nn::Linear frozen(2, 2);
  for (auto& parameter : frozen->parameters()) parameter.set_requires_grad(false);
  EXPECT_THROW(make_optimizer(*frozen, {}), InvalidArgumentError);
}

std::vector<std::string> problems_of(OptimizerName name, const std::string& optim_args) {
  return problems(OptimizerOptions{.name = name, .optim_args = optim_args});
}

TEST(OptimArgs, AreReadAsInPython) {
  using enum OptimizerName;
  EXPECT_TRUE(problems_of(sgd, " momentum = 0.9 , nesterov=TRUE,dampening=0").empty());
  EXPECT_TRUE(problems_of(sgd, "").empty());
  EXPECT_TRUE(problems_of(rmsprop, "centered=1,alpha=.5").empty());
  EXPECT_TRUE(problems_of(adamw_torch, "amsgrad=yes,eps=1e-6,weight_decay=0.1").empty());
  EXPECT_TRUE(problems_of(adagrad, "lr_decay=0.1").empty());
}

TEST(OptimArgs, MaySayHowPyTorchWouldComputeAdamW) {
  using enum OptimizerName;
  for (const OptimizerName name : {adamw_torch, adamw_torch_fused}) {
    EXPECT_TRUE(problems_of(name,
                            "foreach=true,fused=false,capturable=true,differentiable=false,"
                            "maximize=false")
                    .empty());
    EXPECT_EQ(problems_of(name, "maximize=true"),
              std::vector<std::string>{"optim_args of " + to_string(name) +
                                       ": maximize is true; it must be false: training makes the "
                                       "loss smaller."});
    EXPECT_EQ(problems_of(name, "fused=quickly").size(), 1U);
  }
  EXPECT_EQ(problems_of(adamw_torch, "maximize=perhaps").size(), 1U);
  EXPECT_EQ(problems_of(adagrad, "fused=true").size(), 1U) << "as before";
}

TEST(OptimArgs, ThatAreWrongAreNamedAllAtOnce) {
  const OptimizerOptions options{.name = OptimizerName::sgd,
                                 .learning_rate = -1,
                                 .adam_beta1 = 1,
                                 .optim_args = "momentum=fast,betas=2,,nesterov=true=1"};
  const std::string message =
      testing::message_of<InvalidArgumentError>([&] { make_optimizer(Net(), options); });
  for (const char* part :
       {"The optimizer cannot be made", "learning_rate is -1; it must be 0 or above.",
        "adam_beta1 is 1; it must be in [0, 1).",
        "optim_args has ''; each part must be 'key=value'.",
        "optim_args has 'nesterov=true=1'; each part must be 'key=value'.",
        "optim_args of sgd: momentum is 'fast'; it must be a number.",
        "optim_args of sgd: 'betas' is unknown; known are momentum, dampening, nesterov, "
        "weight_decay."}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << "\nin: " << message;
  }
}

TEST(OptimArgs, AreCheckedForEachOptimizer) {
  using enum OptimizerName;
  EXPECT_EQ(
      problems_of(adafactor, "beta1=0.9"),
      std::vector<std::string>{"optim_args of adafactor: 'beta1' is unknown; it takes none."});
  EXPECT_EQ(problems_of(sgd, "nesterov=true").size(), 1U);
  EXPECT_EQ(problems_of(sgd, "momentum=-1").size(), 1U);
  EXPECT_EQ(problems_of(sgd, "momentum=nan").size(), 1U);
  EXPECT_EQ(problems_of(rmsprop, "centered=maybe").size(), 1U);
  EXPECT_EQ(problems_of(adamw_torch, "amsgrad").size(), 1U);
  EXPECT_EQ(problems_of(adamw_torch, "=1").size(), 1U);
}

TEST(Adafactor, RefusesARateWithRelativeSteps) {
  EXPECT_THROW(make_adafactor(decay_groups(Net()), {.lr = 0.1}), InvalidArgumentError);
  EXPECT_EQ(problems(AdafactorOptions{.lr = 0.1}).size(), 1U);
  EXPECT_EQ(problems(AdafactorOptions{.relative_step = false}).size(), 1U);
  EXPECT_TRUE(problems(AdafactorOptions{}).empty());
  EXPECT_EQ(
      problems(AdafactorOptions{
                   .lr = 0.1, .clip_threshold = 0, .relative_step = false, .warmup_init = true})
          .size(),
      2U);
}

TEST(RefusedOptimizer, SaysWhyAndKnowsWhatThereIs) {
  EXPECT_EQ(refused_optimizer("adamw_8bit"),
            "optim 'adamw_8bit' is not offered: its state is kept in 8 bits, which torchhub does "
            "not do. Use one of adamw_torch, adamw_torch_fused, sgd, adagrad, rmsprop, adafactor.");
  for (const OptimizerName name : kAllNames) {
    EXPECT_FALSE(refused_optimizer(to_string(name))) << to_string(name);
  }
  EXPECT_FALSE(refused_optimizer("adamm"));
}

// [name.value for name in transformers.training_args.OptimizerNames], transformers 5.12.1
TEST(RefusedOptimizer, KnowsEveryNameOfPythons) {
  Names offered;
  for (const char* name : {"adamw_torch",
                           "adamw_torch_fused",
                           "adamw_torch_xla",
                           "adamw_torch_npu_fused",
                           "adafactor",
                           "adamw_anyprecision",
                           "adamw_torch_4bit",
                           "adamw_torch_8bit",
                           "ademamix",
                           "sgd",
                           "adagrad",
                           "adamw_bnb_8bit",
                           "adamw_8bit",
                           "ademamix_8bit",
                           "lion_8bit",
                           "lion_32bit",
                           "paged_adamw_32bit",
                           "paged_adamw_8bit",
                           "paged_ademamix_32bit",
                           "paged_ademamix_8bit",
                           "paged_lion_32bit",
                           "paged_lion_8bit",
                           "rmsprop",
                           "rmsprop_bnb",
                           "rmsprop_bnb_8bit",
                           "rmsprop_bnb_32bit",
                           "galore_adamw",
                           "galore_adamw_8bit",
                           "galore_adafactor",
                           "galore_adamw_layerwise",
                           "galore_adamw_8bit_layerwise",
                           "galore_adafactor_layerwise",
                           "lomo",
                           "adalomo",
                           "grokadamw",
                           "schedule_free_radam",
                           "schedule_free_adamw",
                           "schedule_free_sgd",
                           "apollo_adamw",
                           "apollo_adamw_layerwise",
                           "stable_adamw"}) {
    if (!refused_optimizer(name)) offered.emplace_back(name);
  }
  EXPECT_EQ(offered,
            (Names{"adamw_torch", "adamw_torch_fused", "adafactor", "sgd", "adagrad", "rmsprop"}));
}

TEST(ClipGradients, GivesTheNormBeforeClippingAndNoClippingForZero) {
  torch::nn::Linear net(2, 1);
  const auto optimizer = make_optimizer(*net, {});
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
  const auto optimizer = make_optimizer(*net, {});
  net->weight.mutable_grad() = torch::tensor({{INFINITY, 0.0F}});
  net->bias.mutable_grad() = torch::tensor({4.0F});
  EXPECT_EQ(clip_gradients(*optimizer, 0), INFINITY);
  EXPECT_EQ(net->bias.grad().item<float>(), 4.0F);
}

TEST(ClipGradients, DoesAsPyTorchWithGradientsOfAllKinds) {
  torch::manual_seed(7);
  torch::nn::Sequential net(torch::nn::Linear(70, 33), torch::nn::Linear(33, 1));
  const auto optimizer = make_optimizer(*net, {});
  for (const double max_norm : {0.1, 1.0, 1e9}) {
    std::vector<at::Tensor> copies;
    for (at::Tensor& parameter : net->parameters()) {
      parameter.mutable_grad() = torch::randn_like(parameter);
      copies.push_back(parameter.detach().clone().requires_grad_());
      copies.back().mutable_grad() = parameter.grad().clone();
    }
    const double right = torch::nn::utils::clip_grad_norm_(copies, max_norm);
    EXPECT_NEAR(clip_gradients(*optimizer, max_norm), right, 1e-6 * right);
    for (std::size_t i = 0; i < copies.size(); ++i) {
      EXPECT_TRUE(torch::allclose(net->parameters()[i].grad(), copies[i].grad(), 1e-6));
    }
  }
}

TEST(ClipGradients, MakesNansOfAllWhereTheNormIsNoNumber) {
  torch::nn::Linear net(2, 1);
  const auto optimizer = make_optimizer(*net, {});
  net->weight.mutable_grad() = torch::tensor({{NAN, 0.0F}});
  net->bias.mutable_grad() = torch::tensor({4.0F});
  EXPECT_TRUE(std::isnan(clip_gradients(*optimizer, 1)));
  EXPECT_TRUE(std::isnan(net->bias.grad().item<float>()));
  net->weight.mutable_grad() = torch::tensor({{INFINITY, 0.0F}});
  net->bias.mutable_grad() = torch::tensor({4.0F});
  EXPECT_EQ(clip_gradients(*optimizer, 1), INFINITY);
  EXPECT_EQ(net->bias.grad().item<float>(), 0);
  EXPECT_TRUE(std::isnan(net->weight.grad()[0][0].item<float>()));
}

TEST(ClipGradients, CountsTypesAndLayoutsOfAllKinds) {
  torch::nn::Linear net(2, 1);
  torch::nn::Embedding embedding(torch::nn::EmbeddingOptions(4, 2).sparse(true));
  torch::nn::Sequential all(net, embedding);
  const auto optimizer = make_optimizer(*all, {.name = OptimizerName::sgd});
  net->to(at::kBFloat16);
  net->weight.mutable_grad() = torch::tensor({{2.0F, 1.0F}}).to(at::kBFloat16);
  net->bias.mutable_grad() = torch::tensor({2.0F}).to(at::kBFloat16);
  embedding->forward(torch::tensor({1, 1}, at::kLong)).sum().backward();  // a row of twos
  const double norm = std::sqrt(9 + 8);
  EXPECT_NEAR(clip_gradients(*optimizer, 0), norm, 0.02);  // bfloat16 has 8 bits
  EXPECT_NEAR(clip_gradients(*optimizer, 1), norm, 0.02);
  EXPECT_NEAR(clip_gradients(*optimizer, 0), 1, 0.01);
}

TEST(ClipGradients, IsZeroWithoutGradients) {
  torch::nn::Linear net(2, 1);
  EXPECT_EQ(clip_gradients(*make_optimizer(*net, {}), 1), 0);
}

TEST(ClearGradients, LeavesNoneSoThatWhatIsNotUsedIsNotUpdated) {
  torch::nn::Linear net(2, 1);
  const auto optimizer = make_optimizer(*net, {.weight_decay = 0.5});
  net->forward(torch::ones({1, 2})).sum().backward();
  clear_gradients(*optimizer);
  EXPECT_FALSE(net->weight.grad().defined());
  const torch::Tensor before = net->weight.detach().clone();
  optimizer->step();  // LibTorch 1.13's zero_grad() would leave zeros, and the weight would decay
  EXPECT_TRUE(torch::equal(before, net->weight));
}

}  // namespace
}  // namespace torchhub
