#include "support/golden.h"
#include "torchhub/training/checkpoint.h"
#include "training/optimizer_cases.h"
#include "training/optimizers/fused_adamw.h"
#include "training/optimizers/optimizer_state.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>

namespace torchhub {
namespace {

using testing::golden_optimizer;
using testing::golden_optimizers;
using testing::golden_path;
using testing::GoldenModel;
using testing::kSavedAfter;
using testing::kSteps;
using testing::run_golden_steps;

at::ScalarType type_of(const nlohmann::json& golden_case) {
  return golden_case.at("dtype") == "float32" ? at::kFloat : at::kDouble;
}

/// Most weights are below 1 in size, where floats lie up to 6e-8 apart. LibTorch's own RMSprop
/// subtracts what is nearly the same, and in another way than Python's.
double tolerance(const nlohmann::json& golden_case) {
  if (type_of(golden_case) == at::kDouble) return 1e-14;
  return golden_case.at("case") == "rmsprop-all" ? 3e-7 : 1e-7;
}

void expect_weights(const GoldenModel& model, const nlohmann::json& lists, double tolerance) {
  for (std::size_t t = 0; t < model.weights().size(); ++t) {
    const at::Tensor found = model.weights()[t].detach().flatten().to(at::kDouble);
    const auto right = lists[t].get<std::vector<double>>();
    ASSERT_EQ(found.numel(), std::ssize(right));
    for (std::size_t i = 0; i < right.size(); ++i) {
      EXPECT_NEAR(found[static_cast<std::int64_t>(i)].item<double>(), right[i], tolerance)
          << "parameter " << t << ", element " << i;
    }
  }
}

TEST(Optimizer, ComesToPythonsWeights) {
  const nlohmann::json all = golden_optimizers();
  ASSERT_EQ(all.size(), 30U);
  for (const auto& each : all) {
    SCOPED_TRACE(each.dump().substr(0, 150));
    GoldenModel model(type_of(each));
    const auto optimizer = golden_optimizer(each, model);
    run_golden_steps(model, *optimizer, 0, kSavedAfter);
    expect_weights(model, each.at("saved"), tolerance(each));
    run_golden_steps(model, *optimizer, kSavedAfter, kSteps);
    expect_weights(model, each.at("end"), tolerance(each));
  }
}

TEST(Optimizer, GoesOnFromPythonsState) {
  for (const auto& each : golden_optimizers()) {
    if (type_of(each) == at::kDouble) continue;  // the files are of the floats
    SCOPED_TRACE(each.dump().substr(0, 150));
    GoldenModel model(at::kFloat);
    model.set_weights(each.at("saved"));
    const auto optimizer = golden_optimizer(each, model);
    load_optimizer(*optimizer, model,
                   golden_path("optimizers/" + each.at("case").get<std::string>() + ".pt"));
    run_golden_steps(model, *optimizer, kSavedAfter, kSteps);
    expect_weights(model, each.at("end"), tolerance(each));
  }
}

/// `updates` on noise, by LibTorch's AdamW and by ours: the greatest difference of weights.
double difference_to_libtorch(at::ScalarType type, bool amsgrad, int updates) {
  torch::manual_seed(3);
  std::vector<at::Tensor> ours;
  std::vector<at::Tensor> theirs;
  for (const auto size : {1, 31, 40000}) {
    ours.push_back(torch::randn({size}, type).requires_grad_());
    theirs.push_back(ours.back().detach().clone().requires_grad_());
  }
  const auto options = torch::optim::AdamWOptions(1e-3).weight_decay(0.1).amsgrad(amsgrad);
  FusedAdamW fused({torch::optim::OptimizerParamGroup(ours)}, options, true);
  torch::optim::AdamW plain(theirs, options);
  for (int step = 0; step < updates; ++step) {
    for (std::size_t i = 0; i < ours.size(); ++i) {
      ours[i].mutable_grad() = torch::randn_like(ours[i]);
      theirs[i].mutable_grad() = ours[i].grad().clone();
    }
    fused.step();
    plain.step();
  }
  double most = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    most = std::max(most, (ours[i] - theirs[i]).abs().max().item<double>());
  }
  return most;
}

TEST(FusedAdamw, AgreesWithLibTorchsOverAHundredUpdates) {
  for (const bool amsgrad : {false, true}) {
    // Weights up to 4: floats lie 2.4e-7 apart there, and each update rounds.
    EXPECT_LT(difference_to_libtorch(at::kFloat, amsgrad, 100), 1e-6) << amsgrad;
    EXPECT_LT(difference_to_libtorch(at::kDouble, amsgrad, 100), 1e-14) << amsgrad;
  }
}

TEST(FusedAdamw, UpdatesOtherTypesByLibTorchsOperations) {
  EXPECT_LT(difference_to_libtorch(at::kBFloat16, false, 3), 0.04);  // 8 bits of 4
  EXPECT_LT(difference_to_libtorch(at::kBFloat16, true, 3), 0.04);
}

/// Three updates of a [3, 4] weight that lies in memory as `strides` say.
at::Tensor updated(const at::Tensor& start, const std::vector<std::int64_t>& strides,
                   const std::vector<std::int64_t>& gradient_strides) {
  at::Tensor weight = at::empty_strided(start.sizes(), strides).copy_(start).requires_grad_();
  FusedAdamW optimizer({torch::optim::OptimizerParamGroup({weight})}, {1e-1}, true);
  for (int step = 1; step <= 3; ++step) {
    weight.mutable_grad() =
        at::empty_strided(start.sizes(), gradient_strides).copy_(start.sin() * step);
    optimizer.step();
  }
  return weight.detach();
}

TEST(FusedAdamw, FollowsWeightsHoweverTheyLieInMemory) {
  const at::Tensor start = torch::arange(12, at::kFloat).reshape({3, 4});
  const at::Tensor right = updated(start, {4, 1}, {4, 1});
  EXPECT_FALSE(torch::equal(right, start));
  EXPECT_TRUE(torch::equal(updated(start, {1, 3}, {1, 3}), right));
  EXPECT_TRUE(torch::equal(updated(start, {4, 1}, {1, 3}), right));
  EXPECT_TRUE(torch::equal(updated(start, {1, 3}, {4, 1}), right));
  EXPECT_TRUE(torch::allclose(updated(start, {8, 2}, {4, 1}), right));  // with gaps
}

TEST(FusedAdamw, ComesToTheSameBitsWithSeveralThreads) {
  const auto run = [](int threads) {
    at::set_num_threads(threads);
    torch::manual_seed(5);
    at::Tensor weight = torch::randn({300, 1000}).requires_grad_();
    FusedAdamW optimizer({torch::optim::OptimizerParamGroup({weight})}, {1e-1}, true);
    double norm = 0;
    for (int step = 0; step < 2; ++step) {
      weight.mutable_grad() = torch::randn_like(weight) * 10;
      norm += clip_gradients(optimizer, 1);
      optimizer.step();
    }
    return std::make_pair(weight.detach(), norm);
  };
  const int before = at::get_num_threads();
  const auto [one, norm_of_one] = run(1);
  const auto [three, norm_of_three] = run(3);
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(one, three));
  EXPECT_EQ(norm_of_one, norm_of_three);
}

TEST(FusedAdamw, TellsAutogradThatTheWeightIsAnother) {
  at::Tensor weight = torch::ones({3}).requires_grad_();
  FusedAdamW optimizer({torch::optim::OptimizerParamGroup({weight})}, {1e-1}, true);
  const at::Tensor loss = weight.pow(2).sum();
  weight.mutable_grad() = torch::ones({3});
  optimizer.step();
  EXPECT_THROW(loss.backward(), c10::Error);  // its graph holds the weight of before
}

TEST(FusedAdamw, RunsItsClosureWithGradients) {
  at::Tensor weight = torch::ones({3}).requires_grad_();
  FusedAdamW optimizer({torch::optim::OptimizerParamGroup({weight})}, {1e-1}, true);
  const at::Tensor loss = optimizer.step([&] {
    const at::Tensor sum = weight.pow(2).sum();
    sum.backward();
    return sum;
  });
  EXPECT_EQ(loss.item<float>(), 3);
  EXPECT_LT(weight.detach().max().item<float>(), 1);
}

}  // namespace
}  // namespace torchhub
