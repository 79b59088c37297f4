#pragma once

#include "support/held_files.h"
#include "torchhub/training/callback.h"
#include "torchhub/training/checkpoint.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace torchhub::testing {

/// Lets the thread that writes a checkpoint come so far and no further, until the step after the
/// save has changed the weights; where none comes, until the epoch is over.
class HoldsTheWriter final : public TrainerCallback {
 public:
  /// @param bytes that it may write @param only this save; unset: each
  explicit HoldsTheWriter(std::size_t bytes = 0, std::optional<std::int64_t> only = std::nullopt)
      : bytes_(bytes), only_(only) {}
  std::string name() const override { return "HoldsTheWriter"; }

  /// Before the save, of whose files none is there yet.
  void on_step_end(const TrainerEvent& event) override {
    const std::int64_t step = event.state.global_step;
    if (only_ && step != *only_) return;
    files_.hold(fmt::format("/.tmp-{}-", checkpoint_name(step)), bytes_);
    holds_ = true;
  }
  void on_step_begin(const TrainerEvent&) override {
    if (holds_) files_.wait_until_held();
  }
  void on_optimizer_step(const TrainerEvent&) override { let_go(); }
  void on_epoch_end(const TrainerEvent&) override {
    if (holds_) files_.wait_until_held();
    let_go();
  }

 private:
  void let_go() {
    files_.let_go();
    holds_ = false;
  }

  std::size_t bytes_;
  std::optional<std::int64_t> only_;
  HeldFiles files_;
  bool holds_ = false;
};

}  // namespace torchhub::testing
