#pragma once

namespace torchhub {

/// The five flags by which callbacks steer the loop. When the loop lowers them:
/// docs/training-loop.md.
struct TrainerControl {
  bool should_training_stop = false;
  bool should_epoch_stop = false;
  bool should_save = false;
  bool should_evaluate = false;
  bool should_log = false;
};

}  // namespace torchhub
