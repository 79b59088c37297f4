#pragma once

#include "torchhub/push/worker.h"

#include <stop_token>

namespace torchhub {

/// May a push that did not succeed be tried again?
enum class TryAgain {
  soon,        ///< The reason may pass: no network, a Hub that is ill.
  next_start,  ///< Not without somebody doing something, such as giving the token rights.
  never        ///< These files will not be taken.
};

struct PushAttempt {
  PushOutcome outcome;
  TryAgain again = TryAgain::soon;  ///< Unless it is over.

  bool is_over() const {
    return outcome.state == PushState::done || outcome.state == PushState::superseded ||
           again == TryAgain::never;
  }
};

/// What the job says of itself, in a state that is not its last.
PushOutcome outcome_of(const PushJob& job, PushState state);

/// Calls `push` and turns what it throws into an outcome; after CancelledError the job is queued
/// still.
PushAttempt attempt_push(const PushWorker::PushFn& push, const PushJob& job,
                         const std::stop_token& stop);

}  // namespace torchhub
