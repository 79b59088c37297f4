#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

/// One number that a bench prints, for people and for programs.
struct Figure {
  std::string_view key;   ///< In the JSON, with its unit.
  std::string_view says;  ///< To people, with its unit.
  double value = 0;
  int digits = 0;  ///< After the point.
};

/// A line a figure.
inline std::string lines_of(const std::vector<Figure>& figures) {
  std::string text;
  for (const Figure& each : figures) {
    fmt::format_to(std::back_inserter(text), "{:<58} {:>12.{}f}\n", each.says, each.value,
                   each.digits);
  }
  return text;
}

/// `"key": 1.50, ...`: what stands between the braces of an object.
inline std::string members_of(const std::vector<Figure>& figures) {
  std::string text;
  for (const Figure& each : figures) {
    fmt::format_to(std::back_inserter(text), "{}\"{}\": {:.{}f}", text.empty() ? "" : ", ",
                   each.key, each.value, each.digits);
  }
  return text;
}

/// The upper one of an even number; 0 of none.
inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// 0 of none.
inline double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}
