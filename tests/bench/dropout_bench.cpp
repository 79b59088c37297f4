// Nanoseconds a value that a mask of dropout takes, drawn by LibTorch and by vectorize_dropout(),
// which stays on once it is. Prints one line of JSON with the medians. usage: dropout_bench
// [ROUNDS]
#include "torchhub/training/dropout.h"

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

namespace {

double nanoseconds_a_value(int rounds) {
  torch::Tensor mask = torch::empty({1 << 20});
  std::vector<double> times;
  mask.bernoulli_(0.9);  // warms up
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) mask.bernoulli_(0.9);
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
    times.push_back(taken.count() / 20 / static_cast<double>(mask.numel()));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  const double of_libtorch = nanoseconds_a_value(rounds);
  const bool vectorized = torchhub::vectorize_dropout();
  fmt::print("{{\"libtorch_ns\": {:.2f}, \"vectorized\": {}, \"vectorized_ns\": {:.2f}}}\n",
             of_libtorch, vectorized, nanoseconds_a_value(rounds));
}
