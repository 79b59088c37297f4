#include "push/push_attempt.h"

#include "push/try_again.h"
#include "torchhub/base/error.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/secrets.h"

#include <chrono>

namespace torchhub {
namespace {

TryAgain try_again_after(const std::exception& error) {
  if (is_one_of<SecretFoundError, InvalidArgumentError>(error)) return TryAgain::never;
  const bool needs_somebody =
      is_one_of<UnauthorizedError, ForbiddenError, BadRequestError, RepositoryNotFoundError,
                RevisionNotFoundError, HeadMovedError, PayloadTooLargeError, BranchMovedError,
                LocalTokenNotFoundError, OfflineModeIsEnabled>(error);
  return needs_somebody ? TryAgain::next_start : TryAgain::soon;
}

}  // namespace

PushOutcome outcome_of(const PushJob& job, PushState state) {
  return {.id = job.snapshot.name(),
          .lane = job.lane,
          .step = job.step,
          .commit_message = job.commit_message,
          .state = state};
}

PushAttempt attempt_push(const PushWorker::PushFn& push, const PushJob& job,
                         const std::stop_token& stop) {
  const auto start = std::chrono::steady_clock::now();
  PushAttempt attempt;
  PushOutcome& outcome = attempt.outcome;
  try {
    outcome = push(job, stop);
  } catch (const CancelledError& error) {
    outcome.state = PushState::queued;
    outcome.error = error.what();
    attempt.again = TryAgain::next_start;
  } catch (const std::exception& error) {
    outcome.state = PushState::failed;  // crosses the thread as a value
    outcome.error = error.what();
    attempt.again = try_again_after(error);
  }
  const PushOutcome names = outcome_of(job, outcome.state);
  outcome.id = names.id;
  outcome.lane = names.lane;
  outcome.step = names.step;
  outcome.commit_message = names.commit_message;
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return attempt;
}

}  // namespace torchhub
