#include "callbacks/stall_timer.h"
#include "push/cut_off.h"
#include "push/fingerprints.h"
#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <fmt/format.h>

namespace torchhub {

namespace fs = std::filesystem;

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

}  // namespace torchhub
