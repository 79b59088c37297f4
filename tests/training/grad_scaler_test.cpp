#include "torchhub/training/grad_scaler.h"

#include "support/golden.h"
#include "support/message_of.h"
#include "support/temp_dir.h"
#include "torchhub/pickle/torch_file.h"
#include "torchhub/training/checkpoint.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <string>

namespace torchhub {
namespace {

using testing::golden;
using testing::golden_path;
using testing::message_of;
using testing::TempDir;

TEST(GradScaler, MovesScaleAndWeightAsPythons) {
  const at::Tensor weight = torch::zeros({1}).requires_grad_();
  torch::optim::SGD optimizer({weight}, torch::optim::SGDOptions(1));
  GradScaler scaler({.init_scale = 1024, .growth_interval = 3});
  const auto all = nlohmann::json::parse(golden("optimizers/scaler.json"));
  ASSERT_EQ(all.size(), 10U);
  for (const auto& each : all) {
    weight.mutable_grad() = torch::full({1}, std::stof(each[0].get<std::string>()));
    const bool stepped = scaler.step(optimizer);
    EXPECT_EQ(stepped, std::isfinite(std::stof(each[0].get<std::string>())));
    scaler.update();
    EXPECT_EQ(scaler.get_scale(), each[1].get<double>());
    EXPECT_EQ(weight.item<double>(), each[2].get<double>());
  }
  GradScaler loaded;
  load_scaler(loaded, golden_path("optimizers/scaler.pt"));
  EXPECT_EQ(loaded.state(), scaler.state());
}

TEST(GradScaler, ScalesTheLossAndItsGradients) {
  const at::Tensor weight = torch::ones({2}).requires_grad_();
  torch::optim::SGD optimizer({weight}, torch::optim::SGDOptions(1));
  GradScaler scaler;
  const at::Tensor loss = scaler.scale(weight.sum());
  EXPECT_EQ(loss.item<double>(), 2 * 65536);
  loss.backward();
  EXPECT_TRUE(scaler.unscale(optimizer));
  EXPECT_TRUE(torch::equal(weight.grad(), torch::ones({2})));
  EXPECT_TRUE(scaler.step(optimizer));
  EXPECT_TRUE(torch::equal(weight.detach(), torch::zeros({2})));
}

TEST(GradScaler, FindsAnOverflowInAnyGradient) {
  const at::Tensor first = torch::ones({2}).requires_grad_();
  const at::Tensor second = torch::ones({2}, at::kDouble).requires_grad_();
  torch::optim::SGD optimizer({first, second}, torch::optim::SGDOptions(1));
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    GradScaler scaler;
    first.mutable_grad() = torch::ones({2});
    second.mutable_grad() = torch::tensor({1.0, bad}, at::kDouble);
    EXPECT_FALSE(scaler.unscale(optimizer));
    EXPECT_FALSE(scaler.step(optimizer));
    scaler.update();
    EXPECT_EQ(scaler.get_scale(), 32768);
  }
  EXPECT_TRUE(torch::equal(first.detach(), torch::ones({2})));
}

TEST(GradScaler, RefusesCallsOutOfOrder) {
  const at::Tensor weight = torch::ones({2}).requires_grad_();
  torch::optim::SGD optimizer({weight}, torch::optim::SGDOptions(1));
  GradScaler scaler;
  EXPECT_THROW(scaler.update(), InvalidArgumentError);
  weight.mutable_grad() = torch::ones({2});
  scaler.unscale(optimizer);
  EXPECT_THROW(scaler.unscale(optimizer), InvalidArgumentError);
  scaler.step(optimizer);
  scaler.update();
  const at::Tensor half = torch::ones({2}, at::kHalf).requires_grad_();
  half.mutable_grad() = torch::ones({2}, at::kHalf);
  torch::optim::SGD of_halves({half}, torch::optim::SGDOptions(1));
  EXPECT_THROW(scaler.unscale(of_halves), InvalidArgumentError);
}

TEST(GradScaler, StaysFiniteHoweverLongItGrows) {
  const at::Tensor weight = torch::zeros({1}).requires_grad_();
  torch::optim::SGD optimizer({weight}, torch::optim::SGDOptions(1));
  GradScaler scaler({.init_scale = 1e38, .growth_interval = 1});
  for (int i = 0; i < 5; ++i) {
    weight.mutable_grad() = torch::zeros({1});
    scaler.step(optimizer);
    scaler.update();
  }
  EXPECT_TRUE(std::isfinite(scaler.get_scale()));
  EXPECT_GT(scaler.get_scale(), 1.9e38);
}

TEST(ScalerFile, ComesBackAndHasPythonsKeys) {
  const TempDir folder;
  const GradScaler scaler({.init_scale = 8, .growth_interval = 5});
  save_scaler(scaler, folder / "scaler.pt");
  GradScaler loaded;
  load_scaler(loaded, folder / "scaler.pt");
  EXPECT_EQ(loaded.state(), scaler.state());
  const auto ours = load_torch_file(folder / "scaler.pt").dict().items;
  const auto python = load_torch_file(golden_path("optimizers/scaler.pt")).dict().items;
  ASSERT_EQ(ours.size(), python.size());
  for (std::size_t i = 0; i < python.size(); ++i) {
    EXPECT_EQ(ours[i].first, python[i].first);
    EXPECT_EQ(ours[i].second.kind(), python[i].second.kind());
  }
}

TEST(ScalerFile, WithNumbersThatCannotBeIsRefused) {
  const TempDir folder;
  const std::vector<std::pair<const char*, pickle::Value>> wrong{
      {"scale", 0.0},          {"scale", "much"},       {"scale", HUGE_VAL},
      {"growth_factor", 1.0},  {"backoff_factor", 1.0}, {"growth_interval", 0},
      {"_growth_tracker", -1}, {"growth_interval", 2.5}};
  for (const auto& [key, value] : wrong) {
    SCOPED_TRACE(key);
    save_scaler(GradScaler(), folder / "scaler.pt");
    pickle::Dict state = load_torch_file(folder / "scaler.pt").dict();
    state.set(key, value);
    save_torch_file(folder / "scaler.pt", state);
    GradScaler scaler({.init_scale = 2});
    EXPECT_THROW(load_scaler(scaler, folder / "scaler.pt"), CheckpointError);
    EXPECT_EQ(scaler.get_scale(), 2);
  }
}

}  // namespace
}  // namespace torchhub
