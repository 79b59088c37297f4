#pragma once

#include "torchhub/training/log_row.h"

#include <string_view>
#include <vector>

namespace torchhub::testing {

/// The numbers under `key`, of the rows that have one.
inline std::vector<double> logged_values(const std::vector<LogRow>& history, std::string_view key) {
  std::vector<double> values;
  for (const LogRow& row : history) {
    if (const auto value = number_of(row, key)) values.push_back(*value);
  }
  return values;
}

}  // namespace torchhub::testing
