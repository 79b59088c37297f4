// Seconds from train() to the first update of a run that goes on at step 10,000 of an epoch of 1 M
// samples. Prints one line of JSON with the median of several rounds.
// usage: resume_bench [ROUNDS]
#include "bench_jobs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kStep = 10'000;
constexpr std::int64_t kSamples = 1'000'000;
constexpr std::int64_t kBatchSize = 64;

/// Notes when the first update was made.
class FirstUpdate final : public torchhub::TrainerCallback {
 public:
  std::string name() const override { return "FirstUpdate"; }
  void on_step_end(const torchhub::TrainerEvent&) override {
    if (at == Clock::time_point{}) at = Clock::now();
  }
  Clock::time_point at = {};
};

torchhub::TrainerOptions options(const BenchJob& job, const std::filesystem::path& folder,
                                 std::int64_t max_steps) {
  return {.model = job.model,
          .args = {.output_dir = folder,
                   .per_device_train_batch_size = job.batch_size,
                   .max_steps = max_steps,
                   .disable_tqdm = true,
                   .save_strategy = torchhub::SaveStrategy::steps,
                   .save_steps = kStep},
          .train_dataset = job.data};
}

double seconds_to_first_update(const BenchJob& job, const std::filesystem::path& folder) {
  const auto first = std::make_shared<FirstUpdate>();
  torchhub::TrainerOptions o = options(job, folder, kStep + 1);
  o.args.save_strategy = torchhub::SaveStrategy::no;
  o.callbacks = {first};
  torchhub::Trainer trainer(std::move(o));
  const auto begin = Clock::now();
  trainer.train({.resume_from_checkpoint = "last"});
  return std::chrono::duration<double>(first->at - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  torch::manual_seed(42);
  const BenchJob job = nothing_job(kSamples, kBatchSize);
  const auto folder = std::filesystem::temp_directory_path() / "torchhub-resume-bench";
  std::filesystem::remove_all(folder);
  torchhub::Trainer(options(job, folder, kStep)).train();
  std::vector<double> seconds;
  for (int round = 0; round < rounds; ++round) {
    seconds.push_back(seconds_to_first_update(job, folder));
  }
  std::filesystem::remove_all(folder);
  std::sort(seconds.begin(), seconds.end());
  fmt::print(
      "{{\"job\": \"resume\", \"step\": {}, \"samples\": {}, \"median_seconds\": {:.3f}, "
      "\"all\": [{:.3f}]}}\n",
      kStep, kSamples, seconds[seconds.size() / 2], fmt::join(seconds, ", "));
}
