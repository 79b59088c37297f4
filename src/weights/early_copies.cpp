#include "weights/early_copies.h"

#include <condition_variable>
#include <mutex>
#include <new>
#include <utility>

namespace torchhub {
namespace {

/// The training thread waits no longer than one takes.
constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;
/// How late it may notice that the writer has fallen behind.
constexpr std::chrono::milliseconds kTick{5};

/// Until `stop` is requested.
void wait_for_tick(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, kTick, [] { return false; });
}

}  // namespace

EarlyCopies::EarlyCopies(LiveBytes& live, Clock::time_point change)
    : live_(live),
      begin_(Clock::now()),
      forecast_(change - begin_),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void EarlyCopies::watch(const std::stop_token& stop) {
  while (!stop.stop_requested() && live_.bytes_live() > 0) {
    try {
      copy_what_would_be_late();
    } catch (const std::bad_alloc&) {  // keep() finds out whether there is memory by then
    }
    wait_for_tick(stop);
  }
}

void EarlyCopies::copy_what_would_be_late() {
  auto now = Clock::now();
  while (forecast_.is_time_to_copy(
      {.written = written_, .left = live_.bytes_live(), .now = now - begin_})) {
    const std::size_t copied = live_.keep_ahead(kCopiedAtOnce);
    if (copied == 0) return;
    const auto begun = std::exchange(now, Clock::now());
    forecast_.was_copied(copied, now - begun);
  }
}

}  // namespace torchhub
