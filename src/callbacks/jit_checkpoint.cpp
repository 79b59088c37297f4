#include "torchhub/callbacks/jit_checkpoint.h"

#include "torchhub/base/error.h"
#include "torchhub/base/log.h"

#include <atomic>
#include <csignal>
#include <cstring>
#include <ctime>

namespace torchhub {
namespace {

/// When the signal came, in nanoseconds of CLOCK_MONOTONIC; 0: not yet. All that a handler may
/// touch.
std::atomic<std::int64_t> signal_time{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
std::atomic<bool> handler_stands{false};

std::int64_t monotonic_nanoseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);  // may be called from a handler
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void note_signal(int) {
  std::int64_t not_yet = 0;
  signal_time.compare_exchange_strong(not_yet, monotonic_nanoseconds());
}

}  // namespace

/// Stands while it lives.
class JitCheckpointCallback::Handler {
 public:
  explicit Handler(int number) : number_(number) {
    if (handler_stands.exchange(true)) {
      throw InvalidArgumentError(
          "Another JitCheckpointCallback listens to signals already; one run at a time.");
    }
    signal_time = 0;
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, &before_);
  }
  ~Handler() {
    ::sigaction(number_, &before_, nullptr);
    handler_stands = false;
  }
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

 private:
  int number_;
  struct sigaction before_ {};
};

JitCheckpointCallback::JitCheckpointCallback(JitCheckpointOptions options) : options_(options) {}
JitCheckpointCallback::~JitCheckpointCallback() = default;

void JitCheckpointCallback::on_train_begin(const TrainerEvent& /*event*/) {
  saved_step_.reset();
  handler_.reset();
  handler_ = std::make_unique<Handler>(options_.signal_number);
}

void JitCheckpointCallback::on_step_end(const TrainerEvent& event) { save_if_signalled(event); }
void JitCheckpointCallback::on_epoch_end(const TrainerEvent& event) { save_if_signalled(event); }
void JitCheckpointCallback::on_save(const TrainerEvent& event,
                                    const std::filesystem::path& /*checkpoint*/) {
  saved_step_ = event.state.global_step;
}
void JitCheckpointCallback::on_train_end(const TrainerEvent& /*event*/) { handler_.reset(); }
void JitCheckpointCallback::on_exception(const TrainerEvent& /*event*/,
                                         const std::exception& /*error*/) {
  handler_.reset();
}

bool JitCheckpointCallback::signalled() const { return signal_time != 0; }

void JitCheckpointCallback::save_if_signalled(const TrainerEvent& event) {
  if (!handler_ || !signalled()) return;
  const std::chrono::nanoseconds since(monotonic_nanoseconds() - signal_time);
  if (since < options_.grace_period) return;
  if (!event.control.should_training_stop) {
    log::warning("checkpoint_on_signal",
                 {{"signal", options_.signal_number}, {"step", event.state.global_step}});
  }
  // Once a step: the epoch may end with the update that was just saved, whoever asked for that.
  event.control.should_save = saved_step_ != event.state.global_step;
  event.control.should_training_stop = true;
}

}  // namespace torchhub
