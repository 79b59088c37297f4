/// Microseconds that an optimizer's step, the norm of all gradients and their clipping take, beside
/// LibTorch's own. Prints JSON. usage: optimizer_bench [most parameters, default 2e7]
#include "torchhub/training/optimizer.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

using torchhub::OptimizerName;

struct Microseconds {
  double median;
  double least;  ///< On a busy machine the one to compare.
};

Microseconds microseconds(int repetitions, const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < repetitions + 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - start;
    if (i >= 2) times.push_back(taken.count());  // the first ones make the states
  }
  std::sort(times.begin(), times.end());
  return {.median = times[times.size() / 2], .least = times.front()};
}

struct Size {
  std::int64_t parameters;
  int tensors;
  int repetitions;
};

torchhub::ParameterGroups parameters_of(const Size& size) {
  torchhub::ParameterGroups groups;
  for (int i = 0; i < size.tensors; ++i) {
    at::Tensor weight = torch::randn({size.parameters / size.tensors}).requires_grad_();
    weight.mutable_grad() = torch::randn_like(weight);
    groups.decay.emplace_back("weight" + std::to_string(i), weight);
  }
  return groups;
}

void print(const Size& size, const char* what, const Microseconds& taken) {
  static bool first = true;
  std::printf(
      "%s  {\"parameters\": %lld, \"tensors\": %d, \"what\": \"%s\", \"median_us\": %.1f, "
      "\"least_us\": %.1f}",
      first ? "" : ",\n", static_cast<long long>(size.parameters), size.tensors, what, taken.median,
      taken.least);
  std::fflush(stdout);
  first = false;
}

void measure(const Size& size) {
  const torchhub::ParameterGroups groups = parameters_of(size);
  std::vector<at::Tensor> weights;
  for (const auto& [name, weight] : groups.decay) weights.push_back(weight);
  {
    torch::optim::AdamW libtorch(weights, torch::optim::AdamWOptions(1e-3));
    print(size, "AdamW of LibTorch", microseconds(size.repetitions, [&] { libtorch.step(); }));
  }
  for (const auto& [name, label] :
       {std::pair{OptimizerName::adamw_torch_fused, "adamw_torch_fused"},
        std::pair{OptimizerName::sgd, "sgd"}, std::pair{OptimizerName::adafactor, "adafactor"}}) {
    const auto optimizer = torchhub::make_optimizer(groups, {.name = name, .learning_rate = 1e-3});
    print(size, label, microseconds(size.repetitions, [&] { optimizer->step(); }));
  }
  print(size, "clip_grad_norm_ of LibTorch",
        microseconds(size.repetitions, [&] { torch::nn::utils::clip_grad_norm_(weights, 1e9); }));
  const auto optimizer = torchhub::make_optimizer(groups, {});
  print(size, "clip_gradients, nothing to clip",
        microseconds(size.repetitions, [&] { torchhub::clip_gradients(*optimizer, 1e9); }));
  double max_norm = 1;
  print(size, "clip_gradients, clipping", microseconds(size.repetitions, [&] {
          torchhub::clip_gradients(*optimizer, max_norm *= 0.99);
        }));
}

}  // namespace

int main(int argc, char** argv) {
  const double most = argc > 1 ? std::atof(argv[1]) : 2e7;
  std::printf("[\n");
  for (const Size& size : {Size{300'000, 40, 200}, Size{5'000'000, 200, 30},
                           Size{20'000'000, 200, 10}, Size{110'000'000, 200, 5}}) {
    if (static_cast<double>(size.parameters) <= most) measure(size);
  }
  std::printf("\n]\n");
}
