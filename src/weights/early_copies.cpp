#include "weights/early_copies.h"

#include <new>
#include <system_error>
#include <utility>

namespace torchhub {
namespace {

/// The training thread waits no longer than one takes.
constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;
/// How late it may notice that the writer has fallen behind.
constexpr std::chrono::milliseconds kTick{5};

}  // namespace

EarlyCopies::EarlyCopies(LiveBytes& live, Clock::time_point change)
    : live_(live), begin_(Clock::now()), forecast_(change - begin_) {
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  } catch (const std::system_error&) {  // no more threads: keep() copies what is left
  }
}

void EarlyCopies::watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && live_.bytes_live() > 0) {
    try {
      copy_what_would_be_late(stop);
    } catch (const std::bad_alloc&) {  // keep() finds out whether there is memory by then
    }
    tick_.wait_for(lock, stop, kTick, [] { return false; });
  }
}

void EarlyCopies::copy_what_would_be_late(const std::stop_token& stop) {
  auto now = Clock::now();
  while (!stop.stop_requested() &&
         forecast_.is_time_to_copy(
             {.written = written_, .left = live_.bytes_live(), .now = now - begin_})) {
    const std::size_t copied = live_.keep_ahead(kCopiedAtOnce);
    if (copied == 0) return;
    const auto begun = std::exchange(now, Clock::now());
    forecast_.was_copied(copied, now - begun);
  }
}

}  // namespace torchhub
