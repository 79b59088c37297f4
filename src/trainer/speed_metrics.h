#pragma once

#include "torchhub/training/metrics.h"

#include <cstdint>
#include <string>

namespace torchhub {

/// `value` with so many decimals, halves to even, as Python's round() does.
double rounded(double value, int decimals);

/// Appends `<split>_runtime` and, if time went by, `_samples_per_second` and `_steps_per_second`.
void add_speed(Metrics& metrics, const std::string& split, double seconds, double samples,
               std::int64_t steps);

}  // namespace torchhub
