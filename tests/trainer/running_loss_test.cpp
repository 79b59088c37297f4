// The sum of losses, with what a GPU's are read by: that device is only named, the losses lie here.
#include "trainer/running_loss.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

namespace torchhub {
namespace {

constexpr std::int64_t kUpdates = 500;
constexpr std::int64_t kLogSteps = 200;  // 400 losses, more than may wait

/// The losses of kUpdates updates of two micro-batches.
std::vector<float> losses_with(float odd) {
  std::vector<float> losses;
  for (std::int64_t i = 0; i < 2 * kUpdates; ++i) {
    losses.push_back(i % 50 == 7 ? odd : 1.0F / static_cast<float>(1 + i % 37));
  }
  return losses;
}

/// What a run asks for: the loss of each log, what a checkpoint keeps at each, the mean at the end.
std::vector<double> told(RunningLoss& running, const std::vector<float>& losses,
                         torch::ScalarType type = torch::kFloat32) {
  std::vector<double> all;
  for (std::int64_t step = 0; step < kUpdates; ++step) {
    for (const std::int64_t i : {2 * step, 2 * step + 1}) {
      const float loss = losses[static_cast<std::size_t>(i)];
      running.add(torch::scalar_tensor(loss, type), step);
    }
    if ((step + 1) % kLogSteps != 0) continue;
    all.push_back(running.logged(step + 1));
    all.push_back(running.sums().total_loss);
  }
  all.push_back(running.sums().loss_since_log);
  all.push_back(running.mean(kUpdates));
  return all;
}

TEST(RunningLoss, IsTheSameHoweverLateItIsRead) {
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16, torch::kHalf}) {
    SCOPED_TRACE(type);
    RunningLoss at_once(/*filter_nan=*/true, torch::kCPU);
    RunningLoss late(/*filter_nan=*/true, torch::kCUDA);
    EXPECT_EQ(told(late, losses_with(0.5F), type), told(at_once, losses_with(0.5F), type));
  }
}

TEST(RunningLoss, IsThePlainSum) {
  const std::vector<float> losses = losses_with(0.5F);
  double sum = 0;
  for (const float loss : losses) sum += loss;
  for (const torch::Device device : {torch::kCPU, torch::kCUDA}) {
    SCOPED_TRACE(device.str());
    RunningLoss running(/*filter_nan=*/false, device);
    EXPECT_EQ(told(running, losses).back(), sum / kUpdates);
    EXPECT_EQ(running.last_logged_step(), 400);
  }
}

TEST(RunningLoss, PutsTheMeanInThePlaceOfWhatIsNotFiniteHoweverLateItIsRead) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float odd : {std::nanf(""), kInfinity, -kInfinity}) {
    RunningLoss at_once(/*filter_nan=*/true, torch::kCPU);
    RunningLoss late(/*filter_nan=*/true, torch::kCUDA);
    const std::vector<double> expected = told(at_once, losses_with(odd));
    for (const double each : expected) EXPECT_TRUE(std::isfinite(each)) << odd;
    EXPECT_EQ(told(late, losses_with(odd)), expected) << odd;
  }
}

TEST(RunningLoss, LetsWhatIsNotFiniteThroughWhereItIsNotFiltered) {
  for (const torch::Device device : {torch::kCPU, torch::kCUDA}) {
    SCOPED_TRACE(device.str());
    RunningLoss running(/*filter_nan=*/false, device);
    for (const double each : told(running, losses_with(std::nanf("")))) {
      EXPECT_TRUE(std::isnan(each));
    }
  }
}

TEST(RunningLoss, GoesOnFromTheSumsOfACheckpoint) {
  for (const torch::Device device : {torch::kCPU, torch::kCUDA}) {
    SCOPED_TRACE(device.str());
    RunningLoss running(/*filter_nan=*/true, device);
    running.restore(
        {.total_loss = 7, .first_counted_step = 2, .loss_since_log = 3, .last_logged_step = 4});
    running.add(torch::scalar_tensor(1.0), 5);
    EXPECT_EQ(running.sums().loss_since_log, 4);
    EXPECT_EQ(running.logged(6), 2) << "two updates";
    EXPECT_EQ(running.sums().loss_since_log, 0);
    EXPECT_EQ(running.mean(6), 2) << "8 over four updates";
  }
}

/// A loss that counts itself as long as anybody keeps it.
torch::Tensor counted_loss(const std::shared_ptr<int>& alive) {
  const auto data = std::make_shared<float>(0.5F);
  ++*alive;
  return torch::from_blob(
      data.get(), torch::IntArrayRef(), [data, alive](void*) { --*alive; },
      torch::TensorOptions(torch::kFloat32));
}

TEST(RunningLoss, LetsTheLossesOfAGpuWaitButNoMoreThan256) {
  const auto alive = std::make_shared<int>(0);
  RunningLoss late(/*filter_nan=*/true, torch::kCUDA);
  RunningLoss at_once(/*filter_nan=*/true, torch::kCPU);
  for (int step = 0; step < 255; ++step) late.add(counted_loss(alive), step);
  EXPECT_EQ(*alive, 255);
  late.add(counted_loss(alive), 255);
  EXPECT_EQ(*alive, 0) << "all are read at once";
  late.add(counted_loss(alive), 256);
  EXPECT_EQ(*alive, 1);
  EXPECT_EQ(late.sums().total_loss, 257 * 0.5) << "those that wait count too";
  EXPECT_EQ(*alive, 0);
  at_once.add(counted_loss(alive), 0);
  EXPECT_EQ(*alive, 0);
}

}  // namespace
}  // namespace torchhub
