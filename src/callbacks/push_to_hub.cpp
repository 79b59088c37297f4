#include "torchhub/callbacks/push_to_hub.h"

#include "callbacks/hub_facts.h"
#include "callbacks/stall_timer.h"
#include "push/cut_off.h"
#include "push/fingerprints.h"
#include "push/job_number.h"
#include "push/loop_output.h"
#include "torchhub/base/log.h"
#include "torchhub/push/push_job.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/wire/checkpoint_folders.h"

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

void PushToHubCallback::on_init_end(const TrainerEvent& event) {
  begin();
  learn_license(event.model);
}

void PushToHubCallback::on_train_begin(const TrainerEvent& event) {
  begin_after(event.state.global_step);
  if (options_.hub_strategy == HubStrategy::end) return;
  const std::int64_t step = event.state.global_step;
  without_ending_the_run("the save that a killed run has left", step, [&] {
    const PushTarget before = target();
    pushes_saves_ = true;
    if (const auto cut_off = step_cut_off(journal_, before, {}))
      hand_over_save_cut_off(event, *cut_off);
    known_ = fingerprints_in(options_.output_dir);
    note_handed_over(step);
  });
}

/// With the card of now where the run goes on from it.
void PushToHubCallback::hand_over_save_cut_off(const TrainerEvent& event, std::int64_t step) {
  if (step == event.state.global_step) {
    announced_ = announced(event);
    const fs::path checkpoint = options_.output_dir / checkpoint_name(step);
    hand_over(announced_, {.folder = checkpoint, .step = step});
  } else {
    std::vector<PushJob> jobs = hand_over_cut_off(journal_, target(), step);
    note_handed_over(step);
    hand_over_left(std::move(jobs));
  }
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

void PushToHubCallback::on_step_end(const TrainerEvent& /*event*/) { collect_outcomes(); }

/// What is said of the save is of now; its files may come later.
void PushToHubCallback::on_save(const TrainerEvent& event, const fs::path& /*checkpoint*/) {
  if (options_.hub_strategy == HubStrategy::end) return;
  const StallTimer timer(stall_seconds_);
  const std::int64_t step = event.state.global_step;
  announced_ = {.step = step,
                .message = progress_message(options_.progress_unit, step, event.state.epoch)};
  without_ending_the_run(announced_.message, step, [&] { announced_ = announced(event); });
}

void PushToHubCallback::on_saved(const TrainerEvent& event, const SavedCheckpoint& checkpoint) {
  if (options_.hub_strategy == HubStrategy::end) return;
  const StallTimer timer(stall_seconds_);
  if (announced_.step != checkpoint.step) on_save(event, checkpoint.folder);  // the run has failed
  if (announced_.step != checkpoint.step) return;  // the next start finds it
  without_ending_the_run(announced_.message, announced_.step,
                         [&] { hand_over(announced_, checkpoint); });
}

PushToHubCallback::Announced PushToHubCallback::announced(const TrainerEvent& event) const {
  const std::int64_t step = event.state.global_step;
  return {.step = step,
          .message = progress_message(options_.progress_unit, step, event.state.epoch),
          .card = refreshed_card(event)};
}

void PushToHubCallback::hand_over(const Announced& announced, const SavedCheckpoint& checkpoint) {
  std::vector<PushJob> jobs = jobs_of_save(
      empty_job(announced.message, announced.step), journal_,
      {.folder = checkpoint.folder, .sha256 = checkpoint.sha256}, target(), announced.card);
  for (const PushJob& job : jobs) journal_.remember(job);
  // Before the first of them can be on the Hub: a process killed now has handed them over.
  note_handed_over(announced.step);
  for (PushJob& job : jobs) worker_->submit(std::move(job));
}

void PushToHubCallback::submit(PushJob job) {
  journal_.remember(job);
  worker_->submit(std::move(job));
}

bool PushToHubCallback::will_push_at_end(const TrainerEvent& event) const {
  if (options_.hub_strategy == HubStrategy::end) return true;
  return must_bring_best_model(event) || must_correct_card(event);
}

/// Where the newest save is the best one, its push has brought it to the repository's root.
bool PushToHubCallback::must_bring_best_model(const TrainerEvent& event) const {
  return event.weights_step && event.weights_step != handed_over_ &&
         event.state.best_model_checkpoint;
}

void PushToHubCallback::on_train_end(const TrainerEvent& event) {
  const StallTimer timer(stall_seconds_);
  if (options_.hub_strategy == HubStrategy::end) {
    push_at_end("End of training", event.state.global_step, [&](PushJob& job) {
      add_output_folder(job, options_.output_dir, refreshed_card(event), options_.selection);
    });
  } else if (must_bring_best_model(event)) {
    const std::int64_t step = *event.weights_step;
    push_at_end(fmt::format("End of training, best model (step {})", step), step,
                [&](PushJob& job) { add_best_model(job, event); });
  } else if (must_correct_card(event)) {
    push_at_end("End of training, model card", event.state.global_step, [&](PushJob& job) {
      job.droppable = false;  // nor may it take a save's place
      if (const auto card = refreshed_card(at_newest_save(event)))
        job.snapshot.add_text(*card, "README.md");
    });
  }
  collect(worker_->drain(options_.time_limit));
}

void PushToHubCallback::push_at_end(const std::string& commit_message, std::int64_t step,
                                    const std::function<void(PushJob&)>& fill) {
  without_ending_the_run(commit_message, step, [&] {
    PushJob job = empty_job(commit_message, step);
    fill(job);
    submit(std::move(job));
  });
}

/// Replaces saves that wait: with the best model at the root, it brings the newest checkpoint that
/// they would have brought.
void PushToHubCallback::add_best_model(PushJob& job, const TrainerEvent& event) const {
  add_save(job, options_.output_dir, {.folder = *event.state.best_model_checkpoint},
           PushedCheckpoint::none, refreshed_card(event), options_.selection);
  const PushTarget to = target();
  if (to.checkpoint == PushedCheckpoint::under_its_name) job.droppable = false;
  if (to.checkpoint != PushedCheckpoint::as_last || to.two_commits) return;
  const CheckpointFiles newest{.folder = options_.output_dir / checkpoint_name(handed_over_)};
  if (is_complete_checkpoint(newest.folder)) {
    add_checkpoint(job, newest, to.checkpoint, options_.selection);
  } else {
    job.droppable = false;  // rotation has taken it: only its own push still has it
  }
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
