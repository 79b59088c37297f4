// What a save costs training: how long the training thread stands still, how much is copied, how
// fast a run with saves is against one without, and the peak of memory. save_bench.py is
// transformers' Trainer with the same model. `push` saves as `gate` does, and pushes whole
// checkpoints to the Hub of HF_ENDPOINT with HF_TOKEN, such as a `torchhub serve --demo` beside it.
// usage: save_bench JOB UPDATES SAVE_EVERY never|sync|gate|clone|push     prints one line of JSON
#include "bench_jobs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<double> in_ms(std::vector<double> seconds) {
  for (double& each : seconds) each *= 1e3;
  return seconds;
}

/// From the end of an update to the save event: the run does nothing else in between.
class Stopwatch final : public torchhub::TrainerCallback {
 public:
  std::string name() const override { return "Stopwatch"; }
  void on_step_end(const torchhub::TrainerEvent& event) override {
    last_ = Clock::now();
    if (event.state.global_step == kWarmUp) begin = last_;
    end = last_;
  }
  void on_save(const torchhub::TrainerEvent&, const std::filesystem::path&) override {
    at_event.push_back(seconds_between(last_, Clock::now()));
  }

  void on_saved(const torchhub::TrainerEvent&, const torchhub::SavedCheckpoint& saved) override {
    stalls.push_back(saved.stall_seconds);
    written.push_back(saved.write_seconds);
  }

  static constexpr std::int64_t kWarmUp = 2;
  Clock::time_point begin = {}, end = {};
  std::vector<double> at_event, stalls, written;

 private:
  Clock::time_point last_ = {};
};

/// Of that many bytes between two places that have been touched before.
double memcpy_seconds(std::size_t bytes) {
  std::vector<char> from(bytes, 1), to(bytes, 2);
  std::vector<double> seconds;
  for (int round = 0; round < 5; ++round) {
    const auto begin = Clock::now();
    std::memcpy(to.data(), from.data(), bytes);
    seconds.push_back(seconds_between(begin, Clock::now()));
  }
  return median(seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: save_bench JOB UPDATES SAVE_EVERY never|sync|gate|clone|push\n");
    return 2;
  }
  const std::string name = argv[1];
  const std::int64_t updates = std::atoll(argv[2]);
  const std::string how = argv[4];
  const BenchJob job = bench_job(name, updates + Stopwatch::kWarmUp);
  const auto folder = std::filesystem::temp_directory_path() / "torchhub-save-bench";
  std::filesystem::remove_all(folder);
  const auto stopwatch = std::make_shared<Stopwatch>();
  torchhub::Trainer trainer(
      {.model = job.model,
       .args = {.output_dir = folder,
                .per_device_train_batch_size = job.batch_size,
                .max_steps = updates + Stopwatch::kWarmUp,
                .logging_strategy = torchhub::IntervalStrategy::no,
                .disable_tqdm = true,
                .save_strategy =
                    how == "never" ? torchhub::SaveStrategy::no : torchhub::SaveStrategy::steps,
                .save_steps = std::atof(argv[3]),
                .save_total_limit = 2,
                .push_to_hub = how == "push",
                .hub_model_id = "save-bench",
                .hub_strategy = torchhub::HubStrategy::checkpoint},
       .train_dataset = job.data,
       .callbacks = {stopwatch},
       .save_mode = how == "sync" ? torchhub::SaveMode::sync : torchhub::SaveMode::async,
       .save_copy = how == "clone" ? torchhub::SaveCopy::clone : torchhub::SaveCopy::gate});
  const torchhub::TrainOutput out = trainer.train();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::filesystem::remove_all(folder);
  const double saves = std::max<double>(1, static_cast<double>(out.saves));
  const auto copied = static_cast<std::size_t>(static_cast<double>(out.save_bytes_copied) / saves);
  fmt::print(
      "{{\"job\": \"{}\", \"how\": \"{}\", \"saves\": {}, \"event_ms_median\": {:.2f}, "
      "\"stall_ms_median\": {:.2f}, \"stalls_ms\": [{:.1f}], \"copied_mb_a_save\": {:.1f}, "
      "\"memcpy_of_that_ms\": {:.2f}, \"copied_ahead_mb_a_save\": {:.1f}, "
      "\"written_s_median\": {:.3f}, \"last_save_s\": {:.3f}, \"pushes\": {}, "
      "\"updates_per_second\": {:.4f}, \"peak_mib\": {:.0f}}}\n",
      name, how, out.saves, 1e3 * median(stopwatch->at_event), 1e3 * median(stopwatch->stalls),
      fmt::join(in_ms(stopwatch->stalls), ", "), static_cast<double>(copied) / 1e6,
      1e3 * memcpy_seconds(copied), static_cast<double>(out.save_bytes_copied_ahead) / saves / 1e6,
      median(stopwatch->written), out.last_save_seconds, out.pushes.size(),
      static_cast<double>(updates) / seconds_between(stopwatch->begin, stopwatch->end),
      static_cast<double>(usage.ru_maxrss) / 1024);
}
