#include "weights/change_forecast.h"

namespace torchhub {
namespace {

/// Into memory that the process gets for it; until it is measured.
constexpr double kCopiedBytesPerSecond = 4e8;
/// The training thread wants the memory bus too, and a step may come early.
constexpr double kMargin = 1.25;

}  // namespace

bool ChangeForecast::is_time_to_copy(std::size_t left, Seconds now) const {
  const double bytes = static_cast<double>(left);
  const double time = (until_change_ - now).count();
  const double writing = (now - copying_).count();
  if (written_ > 0 && bytes * writing < time * written_) return false;  // it will all be written
  const double speed = copying_.count() > 0 ? copied_ / copying_.count() : kCopiedBytesPerSecond;
  return bytes * kMargin >= time * speed;
}

}  // namespace torchhub
