#pragma once

#include "torchhub/training/state.h"

#include <cstddef>
#include <string>
#include <vector>

/// Which numbers of a log the plot of a training shows.
namespace torchhub {

struct PlotPoint {
  double step = 0;
  double value = 0;  ///< NaN where the number was not finite.
  bool operator==(const PlotPoint&) const = default;
};

struct PlotSeries {
  std::string name;
  std::vector<PlotPoint> points = {};
};

struct PlotPanel {
  std::string title;
  std::vector<PlotSeries> series = {};
};

/// "loss" and evaluation losses first, then evaluation metrics within -1 and 1, then a panel for
/// each other one. Only panels with a series.
std::vector<PlotPanel> plot_panels(const std::vector<LogRow>& log_history);

/// At most `limit` (>= 8) points that look the same: the lowest and highest of each stretch, and
/// both ends.
std::vector<PlotPoint> decimated(const std::vector<PlotPoint>& points, std::size_t limit);

}  // namespace torchhub
