#pragma once

#include "torchhub/training/callback.h"

namespace torchhub {

/// Raises the flags that the arguments ask for: log, evaluate, save and stop at their steps and
/// epochs. Always the first callback of a Trainer (transformers `DefaultFlowCallback`).
class DefaultFlowCallback final : public TrainerCallback {
 public:
  std::string name() const override { return "DefaultFlowCallback"; }
  void on_step_end(const TrainerEvent& event) override;
  void on_epoch_end(const TrainerEvent& event) override;
};

}  // namespace torchhub
