#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/training/callback.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>

namespace torchhub {

/// On a terminal, a bar over all updates with updates and samples a second and the time to go,
/// below it a count while evaluating, and the logs above; elsewhere one plain line a log. On the
/// run's first process only.
class ProgressCallback final : public TrainerCallback {
 public:
  /// @param out standard error or another open stream, which it does not close. A stream that
  /// takes nothing does not end the run.
  explicit ProgressCallback(std::FILE* out = stderr,
                            std::shared_ptr<const Clock> clock = system_clock());

  std::string name() const override { return "ProgressCallback"; }
  void on_train_begin(const TrainerEvent& event) override;
  void on_step_end(const TrainerEvent& event) override;
  void on_prediction_step(const TrainerEvent& event) override;
  void on_evaluate(const TrainerEvent& event, const Metrics& metrics) override;
  void on_predict(const TrainerEvent& event, const Metrics& metrics) override;
  void on_log(const TrainerEvent& event, const LogRow& logs) override;
  void on_train_end(const TrainerEvent& event) override;
  void on_exception(const TrainerEvent& event, const std::exception& error) override;

 private:
  using Moment = std::chrono::steady_clock::time_point;

  bool shows(const TrainerEvent& event) const;
  bool drawn_lately();
  double seconds_since(Moment start) const;
  void draw_training(const TrainerEvent& event);
  void draw_evaluation(const TrainerEvent& event);
  void end_evaluation(const TrainerEvent& event);
  void clear();

  std::FILE* out_;
  std::shared_ptr<const Clock> clock_;
  bool terminal_;
  bool below_ = false;           ///< The cursor is on the line under the training's bar.
  std::int64_t first_step_ = 0;  ///< Where a resumed run began.
  std::int64_t batches_ = 0;     ///< Of the evaluation under way.
  std::optional<Moment> training_since_;
  Moment evaluating_since_ = {};
  std::optional<Moment> last_drawn_;
};

}  // namespace torchhub
