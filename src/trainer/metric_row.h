#pragma once

#include "torchhub/training/log_row.h"
#include "torchhub/training/metrics.h"

#include <cstdint>

namespace torchhub {

/// Sets all of `more`.
inline void update(Metrics& metrics, const Metrics& more) {
  for (const auto& [name, value] : more) metrics.set(name, more, name);
}

/// The metrics as logs and files hold them: what was set as a whole number is one.
inline LogRow row_of(const Metrics& metrics) {
  LogRow row;
  for (const auto& [name, value] : metrics) {
    row.emplace_back(name, value);
    if (metrics.is_whole(name)) row.back().second = static_cast<std::int64_t>(value);
  }
  return row;
}

}  // namespace torchhub
