// What processes before this one saved and did not push.
#include "callbacks/hub_facts.h"
#include "push/cut_off.h"
#include "push/loop_output.h"
#include "torchhub/base/log.h"
#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/push/resume.h"

#include <algorithm>

namespace torchhub {
namespace {

/// What the journal noted before; nothing if that cannot be read.
std::optional<PushTarget> earlier_target(const PushJournal& journal) {
  try {
    return journal.target();
  } catch (const Error& error) {
    log::warning("push_journal_not_read", {{"error", error.what()}});
    return std::nullopt;
  }
}

}  // namespace

void PushToHubCallback::finish_what_was_left() {
  std::vector<PushJob> left = journal_.unfinished();
  const RepoInfo branch = client_.repo_info(repo_, target().revision);
  hub_facts_->note_start(branch);
  const auto before = earlier_target(journal_);
  if (before) go_on_after(*before, left);
  add_loop_save(before.value_or(target()), left);
  // From here on, a commit of somebody else is news; not to what was saved before.
  if (left.empty() && !has_cut_off()) journal_.note_head(target(), branch.sha);
  std::erase_if(left, [&](const PushJob& job) { return is_for_another_hub(job); });
  for (const PushJob& job : left) {
    if (job.repo == repo_) handed_over_ = std::max(handed_over_, job.step);
  }
  // Before the first of them can be on the Hub: later nothing would say that it was handed over.
  journal_.set_target(target());
  hand_over_left(std::move(left));
}

/// The saves of a run before this one are this one's to push where it has the same place for them.
void PushToHubCallback::go_on_after(const PushTarget& before, std::vector<PushJob>& left) {
  complete_two_commits(journal_, before, left);
  const bool goes_on =
      options_.hub_strategy != HubStrategy::end && before.place() == target().place();
  pushes_saves_ = before.pushes_saves && goes_on;  // still, should this process never train
  if (pushes_saves_) {
    handed_over_ = std::max(handed_over_, before.handed_over);
    known_ = before.known;
  } else {
    add_cut_off(before, left);
  }
}

/// What a run for another place has saved goes there, if its process could not hand it over.
void PushToHubCallback::add_cut_off(const PushTarget& before, std::vector<PushJob>& left) const {
  std::optional<std::int64_t> step;
  try {
    step = step_cut_off(journal_, before, left);
    if (!step) return;
    for (PushJob& job : hand_over_cut_off(journal_, before, *step)) left.push_back(std::move(job));
  } catch (const Error& error) {
    log::error("save_not_handed_over", {{"step", step.value_or(0)}, {"error", error.what()}});
  }
}

/// Of the run that this one may go on from: on_train_begin() hands it over.
bool PushToHubCallback::has_cut_off() const {
  try {
    return step_cut_off(journal_, target(), {}).has_value();
  } catch (const Error& error) {  // on_train_begin() tells of it
    return false;
  }
}

void PushToHubCallback::add_loop_save(const PushTarget& before, std::vector<PushJob>& left) const {
  const auto save = loop_save_cut_off(options_.output_dir, left);
  if (!save) {
    finish_loop_save(options_.output_dir);
    return forget_loop_save(options_.output_dir);  // it is among those that are left
  }
  try {
    left.push_back(hand_over_loop_save(journal_, before, *save));
  } catch (const Error& error) {
    log::error("save_not_handed_over", {{"step", save->step}, {"error", error.what()}});
  }
}

void PushToHubCallback::hand_over_left(std::vector<PushJob> jobs) {
  for (PushJob& job : jobs) {
    log::warning("unfinished_push_goes_on",
                 {{"message", job.commit_message}, {"repo", job.repo.id.str()}});
    job.moved_branch = MovedBranch::merge;  // files that others changed it leaves alone anyway
    worker_->submit(std::move(job));
  }
}

bool PushToHubCallback::is_for_another_hub(const PushJob& job) const {
  if (job.endpoint == client_.options().endpoint) return false;
  log::warning("unfinished_push_for_another_hub", {{"message", job.commit_message},
                                                   {"endpoint", job.endpoint},
                                                   {"finish_with", "torchhub push resume"}});
  return true;
}

}  // namespace torchhub
