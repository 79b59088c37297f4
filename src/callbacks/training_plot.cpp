#include "torchhub/callbacks/training_plot.h"

#include "base/folder_name.h"
#include "callbacks/plot_panel.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPanels = 6;
constexpr std::size_t kMostPoints = 10'000;   // of all lines together: about 130 KB
constexpr std::size_t kMostPointsEach = 800;  // more than the picture is wide
constexpr int kHeadHeight = 44;

double last_step_of(const std::vector<PlotPanel>& panels) {
  double last = 0;
  for (const PlotPanel& panel : panels) {
    for (const PlotSeries& series : panel.series) {
      for (const PlotPoint& point : series.points) last = std::max(last, point.step);
    }
  }
  return last;
}

std::size_t points_each(const std::vector<PlotPanel>& panels) {
  std::size_t lines = 1;
  for (const PlotPanel& panel : panels) lines += panel.series.size();
  return std::clamp<std::size_t>(kMostPoints / lines, 8, kMostPointsEach);
}

}  // namespace

std::string training_plot(const std::string& title, const std::vector<LogRow>& log_history) {
  std::vector<PlotPanel> panels = plot_panels(log_history);
  if (panels.size() > kMostPanels) panels.resize(kMostPanels);
  const double last_step = last_step_of(panels);
  const std::size_t each = points_each(panels);
  std::string body;
  int height = kHeadHeight;
  for (const PlotPanel& panel : panels) {
    const DrawnPanel drawn = draw_panel(panel, last_step, each);
    body += fmt::format("<g transform=\"translate(0 {})\">\n{}</g>\n", height, drawn.svg);
    height += drawn.height;
  }
  if (panels.empty()) {
    body =
        fmt::format("<text x=\"24\" y=\"{}\">Nothing has been logged yet.</text>\n", height + 24);
    height += 60;
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\">\n<title>{2}</title>\n{3}"
      "<rect class=\"back\" width=\"{0}\" height=\"{1}\"/>\n"
      "<text class=\"head\" x=\"24\" y=\"32\">{2}</text>\n{4}</svg>\n",
      kPlotWidth, height, xml_text(title), plot_style(), body);
}

TrainingPlotCallback::TrainingPlotCallback(std::optional<fs::path> file,
                                           std::optional<std::string> title)
    : file_(std::move(file)), title_(std::move(title)) {}

void TrainingPlotCallback::on_save(const TrainerEvent& event, const fs::path& /*checkpoint*/) {
  write(event);
}

void TrainingPlotCallback::on_train_end(const TrainerEvent& event) { write(event); }

fs::path TrainingPlotCallback::file_of(const TrainingArguments& args) const {
  return file_.value_or(args.output_dir / kTrainingPlotFile);
}

void TrainingPlotCallback::write(const TrainerEvent& event) const {
  if (!event.state.is_world_process_zero) return;
  const fs::path file = file_of(event.args);
  const std::string title =
      title_.value_or(event.args.run_name.value_or(folder_name(event.args.output_dir)));
  try {
    write_file_atomically(file, training_plot(title, event.state.log_history));
  } catch (const FileError& error) {
    log::warning("training_plot_not_written", {{"error", error.what()}});
  }
}

}  // namespace torchhub
