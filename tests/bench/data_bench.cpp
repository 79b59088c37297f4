// How fast batches come: images a second of Fashion-MNIST, and the seconds until the first batch of
// an epoch that goes on in its middle. Prints JSON with the medians of several rounds.

#include "torchhub/data.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace torchhub;
using nlohmann::ordered_json;

constexpr std::int64_t kBatchSize = 64;
constexpr int kRounds = 7;

template <typename Function>
double seconds_of(Function work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <typename Function>
double median_seconds(Function work) {
  std::vector<double> rounds;
  for (int i = 0; i < kRounds; ++i) rounds.push_back(seconds_of(work));
  std::sort(rounds.begin(), rounds.end());
  return rounds[rounds.size() / 2];
}

/// One epoch, batch after batch, none of them used.
std::int64_t samples_of_an_epoch(const DataLoader& loader) {
  std::int64_t samples = 0;
  const auto batches = loader.epoch(0);
  while (const auto batch = batches->next()) samples += batch->begin()->second.size(0);
  return samples;
}

/// Also by the seconds of processor time of all threads, which a machine shared with others
/// lengthens less.
ordered_json images_a_second(const std::shared_ptr<TensorDataset>& images, int workers) {
  const DataLoader loader(images, std::make_shared<RandomSampler>(images->size(), 42), {},
                          {.batch_size = kBatchSize, .num_workers = workers});
  samples_of_an_epoch(loader);  // the first pass pays for pages that are new to the process
  const std::clock_t start = std::clock();
  const double seconds = median_seconds([&] { samples_of_an_epoch(loader); });
  const double cpu_seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kRounds;
  const auto rate = [&](double s) {
    return static_cast<std::int64_t>(static_cast<double>(images->size()) / s);
  };
  return {{"median", rate(seconds)}, {"by_cpu_seconds", rate(cpu_seconds)}};
}

/// The epoch has 1 M samples, 10,000 batches of them seen.
double seconds_to_resume(int workers) {
  constexpr std::int64_t kSamples = 1'000'000;
  const auto numbers = std::make_shared<TensorDataset>(
      Batch{{"input_ids", torch::zeros({kSamples, 8}, torch::kInt64)}});
  const DataLoader loader(numbers, std::make_shared<RandomSampler>(kSamples, 42), {},
                          {.batch_size = kBatchSize, .num_workers = workers});
  return median_seconds([&] { loader.epoch(3, 10'000)->next(); });
}

}  // namespace

int main() {
  torch::set_num_threads(1);
  const auto images = fashion_mnist("train");
  ordered_json report{{"batch_size", kBatchSize}, {"rounds", kRounds}};
  for (const int workers : {0, 1, 2}) {
    report["images_per_second"][std::to_string(workers) + " workers"] =
        images_a_second(images, workers);
    report["seconds_to_batch_10000_of_1M_samples"][std::to_string(workers) + " workers"] =
        seconds_to_resume(workers);
  }
  std::cout << report.dump(2) << '\n';
}
