#include "torchhub/callbacks/push_to_hub.h"

#include "callbacks/hub_facts.h"
#include "callbacks/stall_timer.h"
#include "push/job_number.h"
#include "push/loop_output.h"
#include "torchhub/base/log.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/saved_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

ProgressUnit unit_of(SaveStrategy strategy) {
  if (strategy == SaveStrategy::steps) return ProgressUnit::step;
  return strategy == SaveStrategy::best ? ProgressUnit::epoch_and_step : ProgressUnit::epoch;
}

void log_outcome(const PushOutcome& outcome, const Repo& repo) {
  if (outcome.state == PushState::superseded) {
    log::info("push_superseded", {{"message", outcome.commit_message}});
  } else if (outcome.state == PushState::failed) {
    log::error(
        "push_failed",
        {{"repo", repo.id.str()}, {"message", outcome.commit_message}, {"error", outcome.error}});
  } else if (outcome.state == PushState::queued) {
    log::error("push_not_done", {{"repo", repo.id.str()},
                                 {"message", outcome.commit_message},
                                 {"reason", outcome.error},
                                 {"finish_with", "the next start, or torchhub push resume"}});
  }
}

std::uint64_t newest_number(const std::vector<PushOutcome>& outcomes) {
  std::uint64_t newest = 0;
  for (const PushOutcome& outcome : outcomes) newest = std::max(newest, job_number(outcome.id));
  return newest;
}

/// Runs on the worker's thread.
PushOutcome logged_push(const HubClient& client, const PushJob& job, const PushJournal& journal,
                        const std::stop_token& stop) {
  log::info("push_started", {{"repo", job.repo.id.str()}, {"step", job.step}});
  PushOutcome outcome = push_job(client, job, journal, stop);
  log::info("push_finished", {{"commit", outcome.commit_oid.value_or("none")},
                              {"step", job.step},
                              {"bytes_sent", outcome.bytes_sent}});
  return outcome;
}

}  // namespace

PushToHubCallbackOptions PushToHubCallbackOptions::from_arguments(const TrainingArguments& a,
                                                                  HubOptions hub,
                                                                  TrainingCard card) {
  return {.output_dir = a.output_dir,
          .hub_model_id = a.hub_model_id,
          .hub_strategy = a.hub_strategy,
          .progress_unit = unit_of(a.save_strategy),
          .hub_always_push = a.hub_always_push,
          .hub_private_repo = a.hub_private_repo,
          .hub_revision = a.hub_revision,
          .hub = std::move(hub),
          .card = std::move(card)};
}

PushToHubCallback::PushToHubCallback(PushToHubCallbackOptions options)
    : options_(std::move(options)),
      client_(options_.hub),
      card_(options_.output_dir, options_.card_mode),
      journal_(options_.output_dir),
      hub_facts_(std::make_unique<HubFacts>()),
      worker_(std::make_unique<PushWorker>(
          [client = client_, journal = journal_](const PushJob& job, const std::stop_token& stop) {
            return logged_push(client, job, journal, stop);
          })) {}

PushToHubCallback::~PushToHubCallback() {
  std::error_code ignored;  // those that are left serve the next run
  if (has_begun_) fs::remove_all(journal_.copies(), ignored);
}

void PushToHubCallback::without_ending_the_run(const std::string& commit_message, std::int64_t step,
                                               const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    collect(worker_->take_outcomes());
    const std::uint64_t number =
        std::max(newest_number(outcomes_), newest_number(worker_->pending())) + 1;
    PushOutcome outcome{.id = fmt::format("{:08}-not-handed-over-{}", number, outcomes_.size()),
                        .step = step,
                        .commit_message = commit_message,
                        .state = PushState::failed,
                        .error = error.what()};
    collect({std::move(outcome)});
  }
}

void PushToHubCallback::submit(PushJob job) {
  journal_.remember(job);
  worker_->submit(std::move(job));
}

void PushToHubCallback::push(const fs::path& folder, const std::string& commit_message,
                             std::int64_t step, const std::optional<std::string>& card,
                             const std::vector<std::string>& replaced) {
  const StallTimer timer(stall_seconds_);
  begin();
  PushJob job = empty_job(commit_message, step);
  add_output_folder(job, folder, card, options_.selection, options_.frozen_files);
  job.replaced.insert(job.replaced.end(), replaced.begin(), replaced.end());
  journal_.remember(job);
  forget_loop_save(options_.output_dir);  // before it can be on the Hub
  worker_->submit(std::move(job));
  collect(worker_->take_outcomes());
}

const std::vector<PushOutcome>& PushToHubCallback::finish() {
  const StallTimer timer(stall_seconds_);
  collect(worker_->drain(options_.time_limit));
  return outcomes_;
}

PushJob PushToHubCallback::empty_job(const std::string& commit_message, std::int64_t step) const {
  PushJob job{.repo = repo_,
              .endpoint = client_.options().endpoint,
              .revision = target().revision,
              .commit_message = commit_message,
              .step = step,
              .snapshot = journal_.new_snapshot(),
              .droppable = !options_.hub_always_push,
              .moved_branch = options_.moved_branch,
              .card_keys = keys_given_for_card(),
              .overwrites_card = options_.card_mode == CardMode::overwrite,
              .card_problem = card_.problem().value_or("")};
  job.snapshot.keep_copies_in(journal_.copies());
  return job;
}

/// An earlier process may have trained otherwise: the weights of a step of its are not ours.
void PushToHubCallback::note_weights(const PushOutcome& outcome) {
  if (!outcome.ok() || !outcome.brings_weights) return;
  const std::string commit = outcome.commit_oid.value_or("");
  if (outcome.was_left) {
    hub_facts_->note_newest(commit);
  } else {
    hub_facts_->note_weights(outcome.step, commit);
  }
}

void PushToHubCallback::begin_after(std::int64_t step) { hub_facts_->forget_after(step); }

void PushToHubCallback::collect_outcomes() { collect(worker_->take_outcomes()); }

/// Of a job that is tried again only the last outcome stays.
void PushToHubCallback::collect(std::vector<PushOutcome> outcomes) {
  for (PushOutcome& outcome : outcomes) {
    log_outcome(outcome, repo_);
    std::erase_if(outcomes_, [&](const PushOutcome& earlier) { return earlier.id == outcome.id; });
    outcomes_.push_back(std::move(outcome));
    tell(outcomes_.back());
  }
}

void PushToHubCallback::tell(const PushOutcome& outcome) {
  if (outcome.merged_card) adopt_merged_card(outcome);
  note_weights(outcome);
  if (options_.on_push_end) options_.on_push_end(outcome);
}

}  // namespace torchhub
