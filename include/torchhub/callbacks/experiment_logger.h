#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// What a logger is told of the run that begins.
struct RunFacts {
  std::filesystem::path output_dir;                      ///< Of the run; files may go below it.
  std::string run_name = {};                             ///< For people; may be empty.
  std::string args_json = "{}";                          ///< TrainingArguments, without tokens.
  std::optional<std::string> model_config_json = {};     ///< config.json; none: no such model.
  std::optional<std::string> trial_name = std::nullopt;  ///< Of a hyperparameter search.
  std::int64_t global_step = 0;                          ///< Above 0: a run that goes on.
};

/// One number of a log: "train/loss", "eval/accuracy", ...
struct LoggedScalar {
  std::string tag;
  double value = 0;
  bool operator==(const LoggedScalar&) const = default;
};

/// Where the numbers of runs go: a file format, a tracking server. Give one to LoggingCallback,
/// which calls it on the training thread: begin(), any number of scalars() and text(), end(); and
/// begin() again where logs come after the end, such as those of a later evaluation. What it
/// throws ends the run.
class ExperimentLogger {
 public:
  virtual ~ExperimentLogger() = default;

  /// What the callback that feeds it is called, such as "TensorBoardCallback".
  virtual std::string name() const = 0;
  virtual void begin(const RunFacts& run) = 0;
  /// All numbers of one log, in its order; never none. They can be NaN and infinite. What was given
  /// must survive a crash of this process.
  virtual void scalars(std::int64_t step, const std::vector<LoggedScalar>& scalars) = 0;
  virtual void text(std::string_view tag, std::int64_t step, std::string_view text) = 0;
  virtual void end() = 0;
};

}  // namespace torchhub
