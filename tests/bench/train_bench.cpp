// Seconds of a whole training with the Trainer, without its first updates;
// tests/bench/train_bench.py does the same with transformers' Trainer. usage: train_bench JOB
// UPDATES    prints one line of JSON
#include "bench_jobs.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace {

/// Notes the time after the updates that warm up, and at the end.
class Stopwatch final : public torchhub::TrainerCallback {
 public:
  explicit Stopwatch(std::int64_t warm_up) : warm_up_(warm_up) {}
  std::string name() const override { return "Stopwatch"; }
  void on_step_end(const torchhub::TrainerEvent& event) override {
    const auto now = std::chrono::steady_clock::now();
    if (event.state.global_step == warm_up_) begin_ = now;
    end_ = now;
  }
  double seconds() const { return std::chrono::duration<double>(end_ - begin_).count(); }

 private:
  std::int64_t warm_up_;
  std::chrono::steady_clock::time_point begin_, end_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: train_bench JOB UPDATES\n");
    return 2;
  }
  const std::int64_t updates = std::atoll(argv[2]);
  constexpr std::int64_t kWarmUp = 3;
  const BenchJob job = bench_job(argv[1], updates + kWarmUp);
  const auto stopwatch = std::make_shared<Stopwatch>(kWarmUp);
  const auto folder = std::filesystem::temp_directory_path() / "torchhub-train-bench";
  torchhub::Trainer trainer({.model = job.model,
                             .args = {.output_dir = folder,
                                      .per_device_train_batch_size = job.batch_size,
                                      .max_steps = updates + kWarmUp,
                                      .disable_tqdm = true,
                                      .save_strategy = torchhub::SaveStrategy::no},
                             .train_dataset = job.data,
                             .callbacks = {stopwatch}});
  trainer.train();
  fmt::print("{{\"job\": \"{}\", \"updates\": {}, \"steps_per_second\": {:.3f}}}\n", argv[1],
             updates, static_cast<double>(updates) / stopwatch->seconds());
  std::filesystem::remove_all(folder);
}
