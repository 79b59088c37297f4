#pragma once

#include "torchhub/fwd.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace torchhub {

/// Names and defaults of torch.amp.GradScaler.
struct GradScalerOptions {
  double init_scale = 65536;            ///< > 0.
  double growth_factor = 2;             ///< > 1.
  double backoff_factor = 0.5;          ///< In (0, 1).
  std::int64_t growth_interval = 2000;  ///< Updates in a row without overflow. > 0.
};

/// What scaler.pt holds.
struct GradScalerState {
  double scale = 65536;
  double growth_factor = 2;
  double backoff_factor = 0.5;
  std::int64_t growth_interval = 2000;
  std::int64_t growth_tracker = 0;  ///< Updates without overflow since the scale last moved.

  bool operator==(const GradScalerState&) const = default;
};

/// Keeps small gradients from vanishing in float16: the loss is multiplied before the backward
/// pass, the gradients divided after it, and an update whose gradients overflowed is left out. One
/// update is: scale(loss).backward() for each batch, unscale(), clip_gradients(), step(), update().
/// For one optimizer, and one thread.
class GradScaler {
 public:
  /// @throws InvalidArgumentError listing what is wrong with them
  explicit GradScaler(const GradScalerOptions& options = {});

  /// The loss times get_scale(), with its graph.
  at::Tensor scale(const at::Tensor& loss) const;
  /// Divides the gradients by the scale they were multiplied with. Waits for a GPU once.
  /// @return whether all are finite @throws InvalidArgumentError for float16 gradients (keep the
  /// weights in float32), and if it is called twice before update()
  bool unscale(torch::optim::Optimizer& optimizer);
  /// optimizer.step() if the gradients are finite, after unscale() if that is still to do.
  /// @return whether there was a step
  bool step(torch::optim::Optimizer& optimizer);
  /// Moves the scale: down after an overflow, up after growth_interval updates without one.
  void update();

  double get_scale() const { return state_.scale; }
  const GradScalerState& state() const { return state_; }
  /// @throws InvalidArgumentError listing what is wrong; the scaler is then unchanged
  void load_state(const GradScalerState& state);

 private:
  enum class Stage { scaled, finite, overflowed };

  GradScalerState state_;
  Stage stage_ = Stage::scaled;
};

}  // namespace torchhub
