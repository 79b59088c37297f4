#pragma once

#include "torchhub/training/callback.h"

#include <cstdint>

namespace torchhub {

struct EarlyStoppingOptions {
  std::int64_t early_stopping_patience = 1;  ///< Evaluations without an improvement. > 0.
  double early_stopping_threshold = 0.0;     ///< What counts as one. >= 0.
};

/// Ends training when metric_for_best_model has not improved for so many evaluations. Its counter
/// is kept in checkpoints, and so are its options, as in Python: on resume they win over those
/// given here, and a warning names what differs.
class EarlyStoppingCallback final : public TrainerCallback {
 public:
  /// @throws InvalidArgumentError for options out of range
  explicit EarlyStoppingCallback(EarlyStoppingOptions options = {});

  std::string name() const override { return "EarlyStoppingCallback"; }
  /// @throws InvalidArgumentError if there is no metric_for_best_model or no evaluation
  void on_train_begin(const TrainerEvent& event) override;
  void on_evaluate(const TrainerEvent& event, const Metrics& metrics) override;
  std::optional<CallbackState> state() const override;
  void restore(const CallbackState& state) override;

 private:
  EarlyStoppingOptions options_;
  std::int64_t without_improvement_ = 0;
};

}  // namespace torchhub
