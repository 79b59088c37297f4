#include "models/golden_weights.h"

#include <torch/torch.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub::testing {
namespace {

std::uint64_t fnv1a64(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ULL;
  return hash;
}

std::uint64_t splitmix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Largest k with 4^k <= fan-in.
int halvings(std::int64_t fan_in) {
  int k = 0;
  while ((std::int64_t{1} << (2 * (k + 1))) <= fan_in) ++k;
  return k;
}

void expect_close(double actual, double expected, double rtol, const std::string& what) {
  EXPECT_NEAR(actual, expected, rtol * std::abs(expected) + rtol) << what;
}

}  // namespace

at::Tensor golden_values(const std::string& name, const std::vector<std::int64_t>& shape) {
  at::Tensor values = torch::empty(shape);
  float* out = values.data_ptr<float>();
  const std::uint64_t seed = fnv1a64(name);
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const std::uint64_t x =
        splitmix64(seed + static_cast<std::uint64_t>(i) + 0x9e3779b97f4a7c15ULL);
    out[i] = static_cast<float>(x >> 40) / 8388608.0F - 1.0F;
  }
  return values;
}

at::Tensor golden_weight(const std::string& name, const std::vector<std::int64_t>& shape) {
  if (name.ends_with("num_batches_tracked")) return torch::zeros(shape, torch::kLong);
  const at::Tensor u = golden_values(name, shape);
  if (name.ends_with("running_var")) return 1 + u / 2;
  if (shape.size() == 1 && name.ends_with("weight")) return 1 + u / 8;
  if (shape.size() == 4) return u * std::ldexp(1.0, -halvings(u.numel() / shape[0]));
  return u / 4;
}

void fill_golden(const StateDict& state) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : state) {
    at::Tensor target = tensor;
    target.copy_(golden_weight(name, tensor.sizes().vec()));
  }
}

void expect_recorded(const at::Tensor& actual, const nlohmann::json& recorded, double rtol) {
  ASSERT_EQ(actual.sizes().vec(), recorded.at("shape").get<std::vector<std::int64_t>>());
  const at::Tensor flat = actual.detach().to(torch::kDouble).flatten().contiguous();
  const double* values = flat.data_ptr<double>();
  const auto head = recorded.at("head").get<std::vector<double>>();
  const auto tail = recorded.at("tail").get<std::vector<double>>();
  for (std::size_t i = 0; i < head.size(); ++i) {
    expect_close(values[i], head[i], rtol, "head " + std::to_string(i));
  }
  for (std::size_t i = 0; i < tail.size(); ++i) {
    const double* start = values + flat.numel() - static_cast<std::int64_t>(tail.size());
    expect_close(start[i], tail[i], rtol, "tail " + std::to_string(i));
  }
  const auto abs_sum = recorded.at("abs_sum").get<double>();
  expect_close(flat.abs().sum().item<double>(), abs_sum, rtol, "abs_sum");
  // Signs cancel in the plain sum, so its error is measured against the absolute one.
  EXPECT_NEAR(flat.sum().item<double>(), recorded.at("sum").get<double>(), rtol * (abs_sum + 1));
}

}  // namespace torchhub::testing
