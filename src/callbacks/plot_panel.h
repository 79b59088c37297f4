#pragma once

#include "callbacks/plot_series.h"

#include <cstddef>
#include <string>

namespace torchhub {

inline constexpr int kPlotWidth = 720;

struct DrawnPanel {
  std::string svg;  ///< A `<g>` whose top left corner is at 0, 0.
  int height = 0;
};

/// One panel with title, legend, axes and lines. @param last_step right end of the step axis
/// @param points_each at most so many points a line
DrawnPanel draw_panel(const PlotPanel& panel, double last_step, std::size_t points_each);

/// The colours of all of it, for light and dark viewers.
std::string plot_style();

/// As it may stand in XML text; bytes that XML cannot hold become `?`.
std::string xml_text(const std::string& text);

}  // namespace torchhub
