// What the Trainer's loop costs beside a hand-written LibTorch loop of the same model, batches and
// optimizer. Both run in turns in one process; for the peak of memory each in a process of its own.
// usage: loop_bench JOB UPDATES [ROUNDS]              prints one line of JSON
//        loop_bench JOB UPDATES peak hand|trainer     the same, MiB
#include "bench_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/resource.h>

namespace {

using Clock = std::chrono::steady_clock;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Microseconds a step of what a LibTorch user writes: the same optimizer, clipping and schedule.
double hand_written(const BenchJob& job, std::int64_t updates) {
  torchhub::PreTrainedModel& model = *job.model;
  model.train();
  const auto optimizer = torchhub::make_optimizer(model, {});
  const torchhub::DataLoader loader(job.data,
                                    std::make_shared<torchhub::RandomSampler>(job.data->size(), 42),
                                    {}, {.batch_size = job.batch_size});
  const auto begin = Clock::now();
  std::int64_t step = 0;
  double total = 0;
  const auto batches = loader.epoch(0);
  while (auto batch = batches->next()) {
    optimizer->zero_grad();
    const torch::Tensor loss = model.forward(*batch).loss;
    loss.backward();
    torch::nn::utils::clip_grad_norm_(model.parameters(), 1.0);
    const double rate = 5e-5 * (1 - static_cast<double>(step) / static_cast<double>(updates));
    for (auto& group : optimizer->param_groups()) group.options().set_lr(rate);
    optimizer->step();
    total += loss.item<double>();
    ++step;
  }
  if (!(total >= 0)) std::abort();
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count() /
         static_cast<double>(step);
}

class Stopwatch final : public torchhub::TrainerCallback {
 public:
  std::string name() const override { return "Stopwatch"; }
  void on_epoch_begin(const torchhub::TrainerEvent&) override { begin = Clock::now(); }
  void on_step_end(const torchhub::TrainerEvent&) override { end = Clock::now(); }
  Clock::time_point begin, end;
};

double with_trainer(const BenchJob& job, std::int64_t updates) {
  const auto stopwatch = std::make_shared<Stopwatch>();
  const auto folder = std::filesystem::temp_directory_path() / "torchhub-loop-bench";
  torchhub::Trainer trainer({.model = job.model,
                             .args = {.output_dir = folder,
                                      .per_device_train_batch_size = job.batch_size,
                                      .max_steps = updates,
                                      .disable_tqdm = true,
                                      .save_strategy = torchhub::SaveStrategy::no},
                             .train_dataset = job.data,
                             .callbacks = {stopwatch}});
  trainer.train();
  std::filesystem::remove_all(folder);
  return std::chrono::duration<double, std::micro>(stopwatch->end - stopwatch->begin).count() /
         static_cast<double>(updates);
}

rusage usage_now() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double cpu_ms(const rusage& usage) {
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// Page faults and CPU time of updates by one of the two loops alone, and the most memory that the
/// process has had. GLIBC_TUNABLES=glibc.malloc.tcache_count=7, glibc's own default, has it give
/// freed memory back.
int print_peak(const std::string& name, std::int64_t updates, const std::string& loop) {
  const BenchJob job = bench_job(name, updates);
  const auto run = [&] {
    loop == "hand" ? hand_written(job, updates) : with_trainer(job, updates);
  };
  run();  // warms up
  const rusage before = usage_now();
  run();
  const rusage after = usage_now();
  fmt::print(
      "{{\"job\": \"{}\", \"loop\": \"{}\", \"faults_per_update\": {}, \"cpu_ms_per_update\": "
      "{:.1f}, \"peak_mib\": {:.1f}}}\n",
      name, loop, (after.ru_minflt - before.ru_minflt) / updates,
      (cpu_ms(after) - cpu_ms(before)) / static_cast<double>(updates),
      static_cast<double>(after.ru_maxrss) / 1024);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr,
               "usage: loop_bench nothing|resnet|encoder-small|encoder-large UPDATES [ROUNDS]\n");
    return 2;
  }
  torchhub::keep_freed_memory();  // for both loops, as the next
  torchhub::vectorize_dropout();
  const std::string name = argv[1];
  const std::int64_t updates = std::atoll(argv[2]);
  if (argc > 4) return print_peak(name, updates, argv[4]);
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  std::vector<double> hand, trainer;
  const BenchJob job = bench_job(name, updates);
  hand_written(job, updates);  // warms up
  for (int round = 0; round < rounds; ++round) {
    hand.push_back(hand_written(job, updates));
    trainer.push_back(with_trainer(job, updates));
  }
  fmt::print(
      "{{\"job\": \"{}\", \"threads\": {}, \"rounds\": {}, \"hand_written_us\": {:.1f}, "
      "\"trainer_us\": {:.1f}, \"overhead_us\": {:.1f}, \"overhead_percent\": {:.2f}}}\n",
      name, at::get_num_threads(), rounds, median(hand), median(trainer),
      median(trainer) - median(hand), 100 * (median(trainer) / median(hand) - 1));
}
