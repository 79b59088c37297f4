#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace torchhub {

/// What a checkpoint keeps of the losses (torchhub_state.json), so that a resumed run logs those of
/// one that never stopped.
struct LossSums {
  double total_loss = 0;                ///< Of the updates after first_counted_step.
  std::int64_t first_counted_step = 0;  ///< Above 0 where Python wrote the checkpoint.
  double loss_since_log = 0;
  std::int64_t last_logged_step = 0;
};

/// The sum of losses. What a GPU computes is read only when somebody asks, or many wait, since the
/// program waits for the GPU then.
class RunningLoss {
 public:
  /// @param filter_nan replace what is not finite as Python does: by the mean since the last log
  /// @param device that computes the losses
  RunningLoss(bool filter_nan, c10::Device device)
      : filter_nan_(filter_nan), reads_late_(!device.is_cpu()) {}

  void restore(const LossSums& sums) { sums_ = sums; }
  /// @param loss scalar, of one micro-batch @param step updates done before it
  void add(const at::Tensor& loss, std::int64_t step);
  const LossSums& sums();
  /// Mean over the updates since the last log; starts the next mean. @param step updates done
  double logged(std::int64_t step);
  /// Mean over all updates that were counted. @param step updates done
  double mean(std::int64_t step);
  std::int64_t last_logged_step() const { return sums_.last_logged_step; }

 private:
  void read_pending();
  void add_number(double loss, std::int64_t step);

  bool filter_nan_;
  bool reads_late_;
  LossSums sums_ = {};
  std::vector<std::pair<at::Tensor, std::int64_t>> pending_ = {};
};

}  // namespace torchhub
