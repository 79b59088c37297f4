#pragma once

#include <string>
#include <vector>

namespace torchhub {

/// A range of numbers with round ticks in it.
struct PlotAxis {
  double low = 0;
  double high = 1;  ///< Above low.
  double tick_step = 1;
  std::vector<double> ticks = {};

  /// Where `value` lies between low (0) and high (1).
  double share(double value) const { return (value - low) / (high - low); }
};

/// From one round number to another around all of low..high; widened where both are (nearly) one.
PlotAxis value_axis(double low, double high);
/// From 0 to `last` with whole ticks.
PlotAxis step_axis(double last);

/// "0.25", "1e-05": as many decimals as the ticks need.
std::string value_tick(double value, const PlotAxis& axis);
/// "500", "20k", "1.5M".
std::string step_tick(double step);

}  // namespace torchhub
