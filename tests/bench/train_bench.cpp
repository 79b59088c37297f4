// Updates a second of a whole training with the Trainer, without its first updates;
// tests/bench/train_bench.py does the same with transformers' Trainer. With "bare" only forward and
// backward passes, without loop, clipping or optimizer: what is LibTorch's own, and no Trainer can
// be faster than. Prints one line of JSON.
// usage: train_bench JOB UPDATES [bare]
#include "bench_jobs.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>

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

constexpr std::int64_t kWarmUp = 3;

double seconds_with_trainer(const BenchJob& job, std::int64_t updates) {
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
  std::filesystem::remove_all(folder);
  return stopwatch->seconds();
}

double seconds_bare(const BenchJob& job, std::int64_t updates) {
  torchhub::keep_freed_memory();  // as the Trainer does, and the next
  torchhub::vectorize_dropout();
  torchhub::PreTrainedModel& model = *job.model;
  model.train();
  const torchhub::DataLoader loader(job.data,
                                    std::make_shared<torchhub::SequentialSampler>(job.data->size()),
                                    {}, {.batch_size = job.batch_size});
  const auto batches = loader.epoch(0);
  auto begin = std::chrono::steady_clock::now();
  for (std::int64_t done = 0; done < updates + kWarmUp; ++done) {
    if (done == kWarmUp) begin = std::chrono::steady_clock::now();
    for (torch::Tensor& parameter : model.parameters()) parameter.mutable_grad().reset();
    model.forward(batches->next().value()).loss.backward();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: train_bench JOB UPDATES [bare]\n");
    return 2;
  }
  const std::int64_t updates = std::atoll(argv[2]);
  const bool bare = argc > 3 && std::string_view(argv[3]) == "bare";
  const BenchJob job = bench_job(argv[1], updates + kWarmUp);
  const double seconds = bare ? seconds_bare(job, updates) : seconds_with_trainer(job, updates);
  fmt::print("{{\"job\": \"{}\", \"updates\": {}, \"bare\": {}, \"steps_per_second\": {:.3f}}}\n",
             argv[1], updates, bare, static_cast<double>(updates) / seconds);
}
