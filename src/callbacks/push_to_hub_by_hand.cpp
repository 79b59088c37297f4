// Pushes that a user asks for, beside those of saves.
#include "callbacks/hub_facts.h"
#include "callbacks/push_options.h"
#include "callbacks/stall_timer.h"
#include "push/branch.h"
#include "push/git_tag.h"
#include "push/push_attempt.h"
#include "push/with_token.h"
#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/callbacks/training_card.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <exception>

namespace torchhub {

CommitInfo PushToHubCallback::push_and_wait(const std::filesystem::path& folder,
                                            const std::string& commit_message,
                                            const std::optional<std::string>& card) {
  const StallTimer timer(stall_seconds_);
  begin();
  collect(worker_->drain());
  PushJob job = empty_job(commit_message, 0);
  add_output_folder(job, folder, card, options_.selection);
  return push_now(job);
}

PushPlan PushToHubCallback::plan(const std::string& card) const {
  PushTarget to = target();
  if (!has_begun_) {
    to.repo.id = RepoId::parse(options_.hub_model_id.value_or(default_name(options_.output_dir)));
  }
  CheckpointFiles newest;
  const std::vector<std::int64_t> steps = complete_checkpoints(options_.output_dir);
  if (!steps.empty()) newest.folder = options_.output_dir / checkpoint_name(steps.back());
  return plan_save(options_.output_dir, newest, to, card);
}

/// Its files stay for the next start only if they may be taken then.
CommitInfo PushToHubCallback::push_now(const PushJob& job) {
  journal_.remember(job);
  std::exception_ptr problem;
  const PushAttempt attempt = attempt_push(
      [&](const PushJob& each, const std::stop_token& stop) {
        try {
          return push_job(client_, each, journal_, stop);
        } catch (...) {
          problem = std::current_exception();
          throw;
        }
      },
      job, {});
  if (attempt.is_over()) job.snapshot.release();
  const PushOutcome& outcome = attempt.outcome;
  tell(outcome);
  if (problem) std::rethrow_exception(problem);
  return {.oid = outcome.commit_oid.value_or(""),
          .commit_url = outcome.commit_url.value_or(""),
          .commit_message = job.commit_message,
          .bytes_sent = outcome.bytes_sent};
}

CommitInfo PushToHubCallback::push_run(const TrainerEvent& event, const PushToHubOptions& push) {
  require_possible(push);
  const StallTimer timer(stall_seconds_);
  begin();
  if (push.card) options_.card = *push.card;
  learn_license(event.model);
  // What it brought may be pinned.
  collect(push.blocking ? worker_->drain() : worker_->take_outcomes());
  PushJob job = empty_job(push.commit_message, push.blocking ? 0 : weights_step_of(event));
  job.token = push.token;
  const HubClient client = with_token(client_, push.token);
  if (push.revision) {
    job.revision = *push.revision;
    job.elsewhere = job.revision != target().revision;
    make_branch(client, job.repo, job.revision);
  }
  // One that stands elsewhere is refused before anything is pushed.
  if (push.tag) GitTag(client, repo_, *push.tag).require_free(job.revision);
  job.tag = push.tag;
  add_output_folder(job, options_.output_dir, card_for_tag(event, push.tag.value_or("")),
                    options_.selection);
  if (!push.blocking) {
    submit(std::move(job));
    return {.oid = {}, .commit_url = {}, .commit_message = push.commit_message};
  }
  CommitInfo info = push_now(job);
  hub_facts_->note_weights(weights_step_of(event), info.oid);
  return info;
}

}  // namespace torchhub
