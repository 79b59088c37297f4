#include "callbacks/plot_series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>

namespace torchhub {
namespace {

/// Beyond this, differences of two values are infinite.
constexpr double kLargest = 1e300;

bool is_loss(std::string_view key) {
  return key == "loss" || (key.starts_with("eval_") && key.ends_with("_loss"));
}

/// How fast an evaluation was, and what memory it took, says nothing of the model.
bool is_metric(std::string_view key) {
  static constexpr std::array<std::string_view, 5> kTimes = {
      "_runtime", "_samples_per_second", "_steps_per_second", "_preparation_time",
      "_compilation_time"};
  return key.starts_with("eval_") && key.find("_mem_") == std::string_view::npos &&
         std::none_of(kTimes.begin(), kTimes.end(),
                      [&](std::string_view suffix) { return key.ends_with(suffix); });
}

void add_row(const LogRow& row, std::vector<PlotSeries>& all) {
  const auto step = number_of(row, "step");
  if (!step || !std::isfinite(*step) || *step < 0) return;
  for (const auto& [key, value] : row) {
    if (!is_loss(key) && !is_metric(key)) continue;
    const auto number = number_of(row, key);
    if (!number) continue;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const PlotSeries& series) { return series.name == key; });
    PlotSeries& series = found == all.end() ? all.emplace_back(PlotSeries{.name = key}) : *found;
    const bool drawable = std::abs(*number) <= kLargest;
    series.points.push_back({*step, drawable ? *number : std::numeric_limits<double>::quiet_NaN()});
  }
}

bool is_small(const PlotSeries& series) {
  return std::all_of(series.points.begin(), series.points.end(), [](const PlotPoint& point) {
    return std::isnan(point.value) || std::abs(point.value) <= 1;
  });
}

using Iterator = std::vector<PlotPoint>::const_iterator;

/// Of a stretch, the lowest and the highest point in their order; one NaN if all are.
void add_extremes(Iterator begin, Iterator end, std::vector<PlotPoint>& out) {
  Iterator low = end;
  Iterator high = end;
  for (Iterator point = begin; point != end; ++point) {
    if (std::isnan(point->value)) continue;
    if (low == end || point->value < low->value) low = point;
    if (high == end || point->value > high->value) high = point;
  }
  if (low == end) {
    out.push_back(*begin);
    return;
  }
  out.push_back(*std::min(low, high));
  if (low != high) out.push_back(*std::max(low, high));
}

}  // namespace

std::vector<PlotPanel> plot_panels(const std::vector<LogRow>& log_history) {
  std::vector<PlotSeries> all;
  for (const LogRow& row : log_history) add_row(row, all);
  PlotPanel losses{.title = "Loss"};
  PlotPanel shares{.title = "Metrics"};
  std::vector<PlotPanel> others;
  for (PlotSeries& series : all) {
    if (is_loss(series.name)) {
      losses.series.push_back(std::move(series));
    } else if (is_small(series)) {
      shares.series.push_back(std::move(series));
    } else {
      others.push_back({.title = series.name, .series = {std::move(series)}});
    }
  }
  std::vector<PlotPanel> panels;
  if (!losses.series.empty()) panels.push_back(std::move(losses));
  if (!shares.series.empty()) panels.push_back(std::move(shares));
  std::move(others.begin(), others.end(), std::back_inserter(panels));
  return panels;
}

std::vector<PlotPoint> decimated(const std::vector<PlotPoint>& points, std::size_t limit) {
  if (points.size() <= limit) return points;
  const std::size_t inner = points.size() - 2;
  const std::size_t stretches = (limit - 2) / 2;
  std::vector<PlotPoint> out = {points.front()};
  const auto at = [&](std::size_t stretch) {
    return points.begin() + 1 + static_cast<std::ptrdiff_t>(inner * stretch / stretches);
  };
  for (std::size_t i = 0; i < stretches; ++i) add_extremes(at(i), at(i + 1), out);
  out.push_back(points.back());
  return out;
}

}  // namespace torchhub
