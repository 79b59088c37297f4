#include "trainer/speed_metrics.h"

#include <cmath>

namespace torchhub {

double rounded(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  return std::nearbyint(value * scale) / scale;
}

void add_speed(Metrics& metrics, const std::string& split, double seconds, double samples,
               std::int64_t steps) {
  metrics.set(split + "_runtime", rounded(seconds, 4));
  if (seconds <= 0) return;
  metrics.set(split + "_samples_per_second", rounded(samples / seconds, 3));
  metrics.set(split + "_steps_per_second", rounded(static_cast<double>(steps) / seconds, 3));
}

}  // namespace torchhub
