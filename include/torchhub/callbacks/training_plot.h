#pragma once

#include "torchhub/training/callback.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// An SVG picture of a run: the training and evaluation losses over updates in one panel, the other
/// evaluation metrics in further ones, those within -1 and 1 together. Speeds and times are left
/// out. The same log gives the same text. It suits light and dark viewers, and stays below 200 KB
/// however long the run: of many points, each stretch keeps its lowest and highest.
/// @param title above the panels @param log_history TrainerState::log_history
std::string training_plot(const std::string& title, const std::vector<LogRow>& log_history);

/// In output_dir, and in what is pushed.
inline constexpr const char* kTrainingPlotFile = "training.svg";

/// Writes training_plot() to `training.svg` of output_dir at each save and at the end of training,
/// from the whole log, so that a resumed run's picture begins at step 0. On the run's first process
/// only. A picture that cannot be written is a warning, not the end of the run.
class TrainingPlotCallback final : public TrainerCallback {
 public:
  /// @param file unset: training.svg in output_dir @param title unset: args.run_name, or
  /// else the name of output_dir
  explicit TrainingPlotCallback(std::optional<std::filesystem::path> file = std::nullopt,
                                std::optional<std::string> title = std::nullopt);

  std::string name() const override { return "TrainingPlotCallback"; }
  void on_save(const TrainerEvent& event, const std::filesystem::path& checkpoint) override;
  void on_train_end(const TrainerEvent& event) override;

  /// The same at another moment.
  void write(const TrainerEvent& event) const;
  /// Where it goes in a run of these arguments.
  std::filesystem::path file_of(const TrainingArguments& args) const;

 private:
  std::optional<std::filesystem::path> file_;
  std::optional<std::string> title_;
};

}  // namespace torchhub
