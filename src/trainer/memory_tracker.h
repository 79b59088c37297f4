#pragma once

#include "torchhub/training/metrics.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace torchhub {

/// What a stage (init, train, eval, test) did to the memory of the process, as Python's
/// `TrainerMemoryTracker` reports it: bytes at its end less those at its begin, and how far the
/// peak lay above its end. From /proc, so on Linux; of the GPU where LibTorch tells. A stage inside
/// another is not measured.
class MemoryTracker {
 public:
  explicit MemoryTracker(bool enabled) : enabled_(enabled) {}

  /// Begins a stage. @return whether it is measured; stop() takes the answer
  bool start(std::string stage);
  void stop(bool started);
  /// Ends the stage and appends its numbers, with those of init the first time.
  void stop(bool started, Metrics& metrics);

 private:
  struct Stage {
    std::string name;
    std::int64_t begin_cpu = 0;
    std::optional<std::int64_t> begin_gpu = std::nullopt;
  };
  struct Change {
    std::int64_t alloc = 0;
    std::int64_t peaked = 0;
  };
  struct Delta {
    Stage stage;
    Change cpu;
    std::optional<Change> gpu = std::nullopt;
  };
  static void append(const Delta& delta, Metrics& metrics);
  std::optional<Delta> finished(bool started);

  bool enabled_;
  std::optional<Stage> current_ = std::nullopt;
  std::optional<Delta> init_ = std::nullopt;  ///< Until it was reported.
};

/// One stage; what it did is lost if nobody asks for it before the end, as after an exception.
class MemoryStage {
 public:
  MemoryStage(MemoryTracker& tracker, std::string name)
      : tracker_(tracker), measured_(tracker.start(std::move(name))) {}
  ~MemoryStage() { tracker_.stop(measured_); }
  MemoryStage(const MemoryStage&) = delete;
  MemoryStage& operator=(const MemoryStage&) = delete;

  /// Ends it. @param metrics get its numbers
  void report(Metrics& metrics) { tracker_.stop(std::exchange(measured_, false), metrics); }

 private:
  MemoryTracker& tracker_;
  bool measured_;
};

}  // namespace torchhub
