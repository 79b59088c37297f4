#pragma once

#include "torchhub/training/callback.h"
#include "torchhub/training/machine_report.h"

#include <cstdio>

namespace torchhub {

/// Says at the start of a run where it computes, in one line, and logs what slows it down there
/// with the remedy (training/machine_report.h). On the run's first process only.
class MachineLineCallback final : public TrainerCallback {
 public:
  /// @param out standard error or another open stream, which it does not close
  /// @param here the run's processes on this machine; the Trainer knows them
  explicit MachineLineCallback(std::FILE* out = stderr, ProcessesHere here = {})
      : out_(out), here_(here) {}

  std::string name() const override { return "MachineLineCallback"; }
  void on_train_begin(const TrainerEvent& event) override;

 private:
  std::FILE* out_;
  ProcessesHere here_;
};

}  // namespace torchhub
