#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/callbacks/experiment_logger.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace torchhub {

struct TensorBoardOptions {
  /// Where event files go; unset: default_tensorboard_dir() of the run's output_dir.
  std::optional<std::filesystem::path> logging_dir = std::nullopt;

  /// logging_dir from TENSORBOARD_LOGGING_DIR, a leading `~` expanded; unset where that is unset or
  /// empty.
  static TensorBoardOptions from_environment();
};

/// `<output_dir>/runs/<Mon><DD>_<HH>-<MM>-<SS>_<host>` in local time: "runs/Jan05_14-03-59_box".
std::filesystem::path default_tensorboard_dir(const std::filesystem::path& output_dir,
                                              std::chrono::system_clock::time_point time,
                                              const std::string& host);
/// The same with this machine's name.
std::filesystem::path default_tensorboard_dir(const std::filesystem::path& output_dir,
                                              std::chrono::system_clock::time_point time);

/// Event files that TensorBoard reads, byte for byte as torch's SummaryWriter makes them (but for
/// the writer's name in the first record): `events.out.tfevents.<seconds>.<host>.<pid>.<n>`. Each
/// begin() makes one, with the texts "args" and "model_config"; a trial's lies in a subfolder of
/// its name. Numbers are kept as floats. Each call is flushed to the file.
class TensorBoardLogger final : public ExperimentLogger {
 public:
  explicit TensorBoardLogger(TensorBoardOptions options = {},
                             std::shared_ptr<const Clock> clock = system_clock());
  ~TensorBoardLogger() override;

  std::string name() const override { return "TensorBoardCallback"; }
  /// @throws FileError, DiskFullError; so do the calls below
  void begin(const RunFacts& run) override;
  void scalars(std::int64_t step, const std::vector<LoggedScalar>& scalars) override;
  void text(std::string_view tag, std::int64_t step, std::string_view text) override;
  void end() override;

  /// The folder of the file that is open or was last. Empty before begin().
  const std::filesystem::path& folder() const { return folder_; }

 private:
  class EventFile;

  TensorBoardOptions options_;
  std::shared_ptr<const Clock> clock_;
  std::filesystem::path folder_;
  std::unique_ptr<EventFile> file_;
};

}  // namespace torchhub
