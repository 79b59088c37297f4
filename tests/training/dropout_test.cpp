#include "torchhub/training/dropout.h"

#include "training/bernoulli_kernel.h"

#include <torch/torch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace torchhub {
namespace {

/// What LibTorch's distribution draws, number by number.
std::vector<float> number_by_number(at::mt19937& engine, double p, std::size_t size) {
  std::vector<float> values(size);
  for (float& value : values) {
    const std::uint64_t high = engine();
    const std::uint64_t number = ((high << 32) | engine()) & ((1ULL << 53) - 1);
    value = std::ldexp(static_cast<double>(number), -53) < p ? 1.0F : 0.0F;
  }
  return values;
}

/// Everything that a seed gives: masks of several sizes one after another, so that states are
/// renewed within a mask and between the two words of a number, and what is drawn after them.
std::vector<torch::Tensor> drawn_of(torch::ScalarType type) {
  torch::manual_seed(3);
  std::vector<torch::Tensor> drawn;
  torch::randint(5, {1}, torch::kInt32);  // one word: masks begin between two
  for (const std::int64_t size : {1, 0, 311, 312, 1000, 70001}) {
    drawn.push_back(torch::empty({size}, type).bernoulli_(0.9));
  }
  drawn.push_back(torch::dropout(torch::ones({33, 7}, type), 0.25, true));
  drawn.push_back(torch::empty({64, 48}, type).t().bernoulli_(0.5));  // not contiguous
  drawn.push_back(torch::empty({100}, type).bernoulli_(0.0));
  drawn.push_back(torch::empty({100}, type).bernoulli_(1.0));
  drawn.push_back(torch::rand({5}));
  drawn.push_back(torch::randn({20}));
  return drawn;
}

TEST(DropoutTest, DrawsWhatTheDistributionDraws) {
  at::mt19937 engine(42);
  at::mt19937_data_pod data = engine.data();
  for (const double p : {0.0, 1e-12, 0.1, 0.5, 0.9, 1.0}) {
    for (const std::size_t size : {1U, 2U, 311U, 312U, 313U, 5000U}) {
      std::vector<float> values(size);
      draw_bernoulli(data, p, values.data(), static_cast<std::int64_t>(size));
      ASSERT_EQ(values, number_by_number(engine, p, size)) << p << ", " << size;
      ASSERT_EQ(data.state_, engine.data().state_);
      ASSERT_EQ(data.left_, engine.data().left_);
      ASSERT_EQ(data.next_, engine.data().next_);
    }
  }
}

bool equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const torch::Tensor& x, const torch::Tensor& y) { return x.equal(y); });
}

// Each in a process of its own, where nothing has switched it on before, from its start on: that a
// kernel of LibTorch is replaced there is not to be said on the error stream.
class DropoutDeathTest : public ::testing::TestWithParam<torch::ScalarType> {
 protected:
  DropoutDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  ~DropoutDeathTest() override { GTEST_FLAG_SET(death_test_style, "fast"); }
};

TEST_P(DropoutDeathTest, GivesTheMasksOfLibTorch) {
  EXPECT_EXIT(
      {
        const auto before = drawn_of(GetParam());
        const bool on = vectorize_dropout();
        std::exit(on == !at::hasMKL() && equal(drawn_of(GetParam()), before) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "^$");
}

INSTANTIATE_TEST_SUITE_P(Types, DropoutDeathTest,
                         ::testing::Values(torch::kFloat, torch::kBFloat16, torch::kDouble));

TEST(DropoutChecksDeathTest, RefusesWhatLibTorchRefuses) {
  EXPECT_EXIT(
      {
        vectorize_dropout();
        torch::Tensor expanded = torch::empty({1}).expand({4});  // one number at four places
        int refused = 0;
        for (const auto& draw :
             std::vector<std::function<void()>>{[&] { torch::empty({4}).bernoulli_(1.5); },
                                                [&] { torch::empty({4}).bernoulli_(std::nan("")); },
                                                [&] { expanded.bernoulli_(0.5); }}) {
          try {
            draw();
          } catch (const c10::Error&) {
            ++refused;
          }
        }
        std::exit(refused == 3 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace torchhub
