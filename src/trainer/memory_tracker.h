#pragma once

#include "torchhub/training/metrics.h"

#include <cstdint>
#include <optional>
#include <string>

namespace torchhub {

/// What a stage (init, train, eval, test) did to the memory of the process, as Python's
/// `TrainerMemoryTracker` reports it: bytes at its end less those at its begin, and how far the
/// peak lay above its end. From /proc, so on Linux; a stage inside another is not measured.
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
    std::int64_t begin = 0;
  };
  struct Delta {
    std::string stage;
    std::int64_t alloc = 0;
    std::int64_t peaked = 0;
  };
  static void append(const Delta& delta, Metrics& metrics);
  std::optional<Delta> finished(bool started);

  bool enabled_;
  std::optional<Stage> current_ = std::nullopt;
  std::optional<Delta> init_ = std::nullopt;  ///< Until it was reported.
  std::int64_t before_init_ = 0;
};

}  // namespace torchhub
