#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace torchhub {

/// Four significant digits, as Python's f"{value:.4g}": a NaN has no sign.
inline std::string short_number(double value) {
  return std::isnan(value) ? "nan" : fmt::format("{:.4g}", value);
}

}  // namespace torchhub
