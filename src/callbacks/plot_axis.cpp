#include "callbacks/plot_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace torchhub {
namespace {

/// 1, 2 or 5 times a power of ten, for about `count` steps in `range` (> 0).
double round_step(double range, int count) {
  const double raw = range / count;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power * 1.0001) return factor * power;
  }
  return 10 * power;
}

void add_ticks(PlotAxis& axis) {
  // An index, because adding up steps drifts; slack, because low and high are rounded.
  const double first = std::ceil(axis.low / axis.tick_step - 1e-6);
  const double last = std::floor(axis.high / axis.tick_step + 1e-6);
  for (double i = first; i <= last && axis.ticks.size() < 20; ++i) {
    axis.ticks.push_back(i * axis.tick_step + 0.0);  // never -0
  }
}

}  // namespace

PlotAxis value_axis(double low, double high) {
  const double size = std::max(std::abs(low), std::abs(high));
  if (high - low <= std::max(size * 1e-9, 1e-300)) {
    const double middle = low / 2 + high / 2;
    const double margin = size > 1e-300 ? size * 0.1 : 1;
    low = middle - margin;
    high = middle + margin;
  }
  PlotAxis axis;
  axis.tick_step = round_step(high - low, 4);
  axis.low = std::floor(low / axis.tick_step + 1e-6) * axis.tick_step;
  axis.high = std::ceil(high / axis.tick_step - 1e-6) * axis.tick_step;
  add_ticks(axis);
  return axis;
}

PlotAxis step_axis(double last) {
  PlotAxis axis;
  axis.high = std::max(1.0, last);
  axis.tick_step = std::max(1.0, round_step(axis.high, 8));
  add_ticks(axis);
  return axis;
}

std::string value_tick(double value, const PlotAxis& axis) {
  const double size = std::max(std::abs(axis.low), std::abs(axis.high));
  if (size >= 1e6 || axis.tick_step < 1e-5) return fmt::format("{:.4g}", value);
  const int decimals =
      std::max(0, -static_cast<int>(std::floor(std::log10(axis.tick_step) + 1e-9)));
  std::string text = fmt::format("{:.{}f}", value, decimals);
  return text.find_first_not_of("-0.") == std::string::npos ? fmt::format("{:.{}f}", 0.0, decimals)
                                                            : text;
}

std::string step_tick(double step) {
  if (step >= 1e6) return fmt::format("{:.4g}M", step / 1e6);
  if (step >= 1e4) return fmt::format("{:.4g}k", step / 1e3);
  return fmt::format("{:.0f}", step);
}

}  // namespace torchhub
