#pragma once

#include <torchhub/torchhub.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

inline double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

inline double megabytes_in(const std::filesystem::path& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return static_cast<double>(bytes) / 1e6;
}

/// From the end of an update to the save event: the run does nothing else in between. The save that
/// ends the run is not counted: no step comes after it for which anything would have to be copied.
class Stopwatch final : public torchhub::TrainerCallback {
 public:
  std::string name() const override { return "Stopwatch"; }
  void on_step_end(const torchhub::TrainerEvent& event) override {
    end = Clock::now();
    if (event.state.global_step == kWarmUp) begin = end;
  }
  void on_save(const torchhub::TrainerEvent& event, const std::filesystem::path&) override {
    if (event.state.global_step == event.state.max_steps) return;
    at_event.push_back(seconds_between(end, Clock::now()));
  }
  void on_saved(const torchhub::TrainerEvent& event,
                const torchhub::SavedCheckpoint& saved) override {
    if (saved.step != event.state.max_steps) stalls.push_back(saved.stall_seconds);
    written.push_back(saved.write_seconds);
    hashed.push_back(saved.hash_seconds);
    megabytes = megabytes_in(saved.folder);
    before_pusher = Clock::now();
  }
  void on_train_end(const torchhub::TrainerEvent&) override { before_pusher = Clock::now(); }

  static constexpr std::int64_t kWarmUp = 2;
  Clock::time_point begin = {}, end = {}, before_pusher = {};
  std::vector<double> at_event, stalls, written, hashed;
  double megabytes = 0;  // of the newest checkpoint
};

/// Called after the pusher, as the Stopwatch is before it.
class AfterPusher final : public torchhub::TrainerCallback {
 public:
  explicit AfterPusher(const Stopwatch& stopwatch) : stopwatch_(stopwatch) {}
  std::string name() const override { return "AfterPusher"; }
  void on_saved(const torchhub::TrainerEvent&, const torchhub::SavedCheckpoint&) override {
    handed_over.push_back(seconds_between(stopwatch_.before_pusher, Clock::now()));
  }
  void on_train_end(const torchhub::TrainerEvent&) override {
    waited = seconds_between(stopwatch_.before_pusher, Clock::now());
  }

  std::vector<double> handed_over;
  double waited = 0;

 private:
  const Stopwatch& stopwatch_;
};
