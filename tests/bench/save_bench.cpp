// What a save costs training: how long the training thread stands still, how much is copied and
// what a memcpy of that takes, how fast a run with saves is against one without, and the peak of
// memory. save_bench.py is transformers' Trainer with the same model. `push` saves as `gate` does,
// and pushes whole checkpoints to the Hub of HF_ENDPOINT with HF_TOKEN. saves_against_python.sh and
// saves_on_a_hub.sh run it.
// usage: save_bench JOB UPDATES SAVE_EVERY never|sync|gate|clone|push
// Prints a line a figure, then all of them as one line of JSON.
#include "bench_jobs.h"
#include "copy_cost.h"
#include "figures.h"
#include "save_watch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::vector<double> in_ms(std::vector<double> seconds) {
  for (double& each : seconds) each *= 1e3;
  return seconds;
}

void append(std::vector<Figure>& figures, const std::vector<Figure>& more) {
  figures.insert(figures.end(), more.begin(), more.end());
}

torchhub::TrainerOptions options_of(const BenchJob& job, const fs::path& folder,
                                    std::int64_t updates, double save_every,
                                    const std::string& how) {
  return {.model = job.model,
          .args = {.output_dir = folder,
                   .per_device_train_batch_size = job.batch_size,
                   .max_steps = updates + Stopwatch::kWarmUp,
                   .logging_strategy = torchhub::IntervalStrategy::no,
                   .disable_tqdm = true,
                   .save_strategy =
                       how == "never" ? torchhub::SaveStrategy::no : torchhub::SaveStrategy::steps,
                   .save_steps = save_every,
                   .save_total_limit = 2,
                   .push_to_hub = how == "push",
                   .hub_model_id = "save-bench",
                   .hub_strategy = torchhub::HubStrategy::checkpoint},
          .train_dataset = job.data,
          .save_mode = how == "sync" ? torchhub::SaveMode::sync : torchhub::SaveMode::async,
          .save_copy = how == "clone" ? torchhub::SaveCopy::clone : torchhub::SaveCopy::gate};
}

double peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::vector<Figure> saving_figures(const torchhub::TrainOutput& out, const Stopwatch& stopwatch) {
  return {
      {"saves", "checkpoints", static_cast<double>(out.saves)},
      {"checkpoint_mb", "size of the newest, MB", stopwatch.megabytes, 1},
      {"event_ms_median", "save stall at the event, median, ms", 1e3 * median(stopwatch.at_event),
       2},
      {"stall_ms_median", "save stall in all, median, ms", 1e3 * median(stopwatch.stalls), 2},
      {"stall_ms_mean", "save stall in all, mean, ms", 1e3 * mean(stopwatch.stalls), 2},
      {"save_stall_s", "save stall of the whole run, s", out.save_stall_seconds, 3},
      {"last_save_s", "then the wait for the last checkpoint, s", out.last_save_seconds, 3},
      {"written_s_median", "writing a checkpoint, hashing included, median, s",
       median(stopwatch.written), 3},
      {"hashed_s_median", "of it hashing, in the same pass, for pushes alone, s",
       median(stopwatch.hashed), 3},
  };
}

/// @param copied bytes a save, by the training thread
std::vector<Figure> copying_figures(const torchhub::TrainOutput& out, std::size_t copied) {
  const double saves = std::max<double>(1, static_cast<double>(out.saves));
  return {
      {"copied_mb_a_save", "copied by the training thread, mean of a save, MB",
       static_cast<double>(copied) / 1e6, 1},
      {"memcpy_of_that_ms", "a memcpy of that into memory in use, ms",
       1e3 * copy_seconds(copied, CopyTarget::used_before), 2},
      {"memcpy_into_new_pages_ms", "a memcpy of that into new pages, ms",
       1e3 * copy_seconds(copied, CopyTarget::new_pages), 2},
      {"copied_ahead_mb_a_save", "copied beside training, mean of a save, MB",
       static_cast<double>(out.save_bytes_copied_ahead) / saves / 1e6, 1},
  };
}

std::vector<Figure> pushing_figures(const torchhub::TrainOutput& out, const AfterPusher& pusher) {
  double seconds = 0, megabytes = 0;
  for (const torchhub::PushOutcome& push : out.pushes) {
    seconds += push.seconds;
    megabytes += static_cast<double>(push.bytes_sent) / 1e6;
  }
  return {
      {"pushes", "pushes", static_cast<double>(out.pushes.size())},
      {"pushed_all", "the newest one arrived (1: yes)", out.pushed_all() ? 1. : 0.},
      {"push_stall_s", "push stall of the whole run, s", out.push_stall_seconds, 3},
      {"handed_over_ms_median", "of it to hand a save over, median, ms",
       1e3 * median(pusher.handed_over), 2},
      {"push_wait_s", "of it the wait at the end, s", pusher.waited, 3},
      {"uploaded_s", "uploading beside training, all pushes, s", seconds, 3},
      {"sent_mb", "bytes sent, MB", megabytes, 1},
  };
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
  const fs::path folder =
      fs::temp_directory_path() / fmt::format("torchhub-save-bench-{}", ::getpid());
  fs::remove_all(folder);
  const auto stopwatch = std::make_shared<Stopwatch>();
  const auto pusher = std::make_shared<AfterPusher>(*stopwatch);
  torchhub::TrainerOptions options = options_of(job, folder, updates, std::atof(argv[3]), how);
  options.callbacks = {stopwatch};
  torchhub::Trainer trainer(std::move(options));
  trainer.add_callback(pusher);
  const torchhub::TrainOutput out = trainer.train();
  fs::remove_all(folder);
  std::vector<Figure> figures{
      {"updates_per_second", "updates a second",
       static_cast<double>(updates) / seconds_between(stopwatch->begin, stopwatch->end), 4},
      {"peak_mib", "peak of memory, MiB", peak_mib()}};
  // `clone` copies for the save that ends the run as well.
  const std::size_t copies = how == "clone" ? stopwatch->written.size() : stopwatch->stalls.size();
  append(figures, saving_figures(out, *stopwatch));
  append(figures, copying_figures(out, out.save_bytes_copied / std::max<std::size_t>(1, copies)));
  append(figures, pushing_figures(out, *pusher));
  fmt::print("{}", lines_of(figures));
  fmt::print("{{\"job\": \"{}\", \"how\": \"{}\", {}, \"stalls_ms\": [{:.1f}]}}\n", name, how,
             members_of(figures), fmt::join(in_ms(stopwatch->stalls), ", "));
}
