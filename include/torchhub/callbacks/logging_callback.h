#pragma once

#include "torchhub/callbacks/experiment_logger.h"
#include "torchhub/training/callback.h"

#include <memory>
#include <set>
#include <string>

namespace torchhub {

/// Feeds an ExperimentLogger with a run, in the words of transformers' loggers: `eval_loss` becomes
/// `eval/loss`, `test_loss` `test/loss`, every other key `train/...`. Numbers and booleans are
/// scalars, strings texts; null is dropped with a warning, one a key. Silent on every process but
/// the run's first.
class LoggingCallback final : public TrainerCallback {
 public:
  /// @param run_name for people; empty: args.run_name, or else the name of output_dir
  /// @throws InvalidArgumentError without a logger
  explicit LoggingCallback(std::shared_ptr<ExperimentLogger> logger, std::string run_name = {});

  std::string name() const override;
  void on_train_begin(const TrainerEvent& event) override;
  void on_log(const TrainerEvent& event, const LogRow& logs) override;
  void on_train_end(const TrainerEvent& event) override;
  void on_exception(const TrainerEvent& event, const std::exception& error) override;

 private:
  void begin(const TrainerEvent& event);
  std::string named_run(const TrainingArguments& args) const;
  void end();
  void warn_of(const std::string& key);

  std::shared_ptr<ExperimentLogger> logger_;
  std::string run_name_;
  bool begun_ = false;
  std::set<std::string> dropped_;  ///< Keys that were warned of.
};

/// "eval_loss" -> "eval/loss", "test_loss" -> "test/loss", "loss" -> "train/loss".
std::string logger_tag(std::string_view key);

}  // namespace torchhub
