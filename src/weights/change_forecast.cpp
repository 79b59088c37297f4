#include "weights/change_forecast.h"

#include <algorithm>

namespace torchhub {
namespace {

/// Into memory that the process gets for it; until it is measured.
constexpr double kCopiedBytesPerSecond = 4e8;
/// Memory in use takes copies ten times as fast, but nobody knows how much of it is left.
constexpr double kMostCopiedBytesPerSecond = 1e9;
/// The training thread wants the memory bus too, and a step may come early.
constexpr double kMargin = 1.25;

}  // namespace

bool ChangeForecast::is_time_to_copy(const Progress& progress) const {
  if (will_be_written(progress)) return false;
  const double speed = copying_.count() > 0
                           ? std::min(copied_ / copying_.count(), kMostCopiedBytesPerSecond)
                           : kCopiedBytesPerSecond;
  const double time = (until_change_ - progress.now).count();
  return static_cast<double>(progress.left) * kMargin >= time * speed;
}

/// Both at the speed so far.
bool ChangeForecast::will_be_written(const Progress& progress) const {
  const double time = (until_change_ - progress.now).count();
  return progress.written > 0 &&
         static_cast<double>(progress.left) * kMargin * progress.now.count() <
             time * static_cast<double>(progress.written);
}

}  // namespace torchhub
