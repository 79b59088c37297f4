#pragma once

#include "torchhub/training/callback.h"

#include <chrono>
#include <cstdio>

namespace torchhub {

/// A bar over all updates with rate and time to go on a terminal, and the logs above it; elsewhere
/// one plain line a log.
class ProgressCallback final : public TrainerCallback {
 public:
  /// @param out standard error or another open stream, which it does not close
  explicit ProgressCallback(std::FILE* out = stderr);

  std::string name() const override { return "ProgressCallback"; }
  void on_train_begin(const TrainerEvent& event) override;
  void on_step_end(const TrainerEvent& event) override;
  void on_log(const TrainerEvent& event, const LogRow& logs) override;
  void on_train_end(const TrainerEvent& event) override;

 private:
  void draw(const TrainerEvent& event);
  void clear() const;

  std::FILE* out_;
  bool terminal_;
  std::int64_t first_step_ = 0;
  std::chrono::steady_clock::time_point start_ = {};
  std::chrono::steady_clock::time_point last_drawn_ = {};
};

}  // namespace torchhub
