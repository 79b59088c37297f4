#include "base/folder_name.h"
#include "callbacks/hub_facts.h"
#include "push/branch.h"
#include "push/cut_off.h"
#include "push/hub_card.h"
#include "push/loop_output.h"
#include "push/pushed_card.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/log.h"
#include "torchhub/callbacks/push_to_hub.h"
#include "torchhub/push/resume.h"

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

PushedCheckpoint pushed_checkpoint(HubStrategy strategy) {
  if (strategy == HubStrategy::checkpoint) return PushedCheckpoint::as_last;
  if (strategy == HubStrategy::all_checkpoints) return PushedCheckpoint::under_its_name;
  return PushedCheckpoint::none;
}

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

std::string PushToHubCallback::default_name(const fs::path& output_dir) {
  return folder_name(output_dir);
}

void PushToHubCallback::begin() {
  if (has_begun_) return;
  repo_ = options_.init_hf_repo ? options_.init_hf_repo(client_) : created_repo();
  // An existing repository says nothing of whether this token may write to it.
  static_cast<void>(client_.auth_check(repo_, RepoAccess::write));
  make_branch(client_, repo_, target().revision);
  claim_ = journal_.claim(options_.other_process_wait);  // a refused token leaves no file behind
  adopt_remote_card();
  finish_what_was_left();
  has_begun_ = true;
}

Repo PushToHubCallback::created_repo() const {
  const std::string name = options_.hub_model_id.value_or(default_name(options_.output_dir));
  return client_
      .create_repo({.id = RepoId::parse(name)},
                   {.private_ = options_.hub_private_repo, .exist_ok = true})
      .repo;
}

/// A run in a fresh folder goes on with the words that users wrote on the Hub.
void PushToHubCallback::adopt_remote_card() {
  if (card_.has_card()) return;
  const auto card = card_on_hub(client_, repo_, target().revision);
  if (!card) return;
  // In this order: a process killed between them does it again.
  PushedCard(journal_, target().place()).note(*card);
  card_.adopt(*card);
}

void PushToHubCallback::finish_what_was_left() {
  std::vector<PushJob> left = journal_.unfinished();
  const RepoInfo branch = client_.repo_info(repo_, target().revision);
  hub_facts_->note_start(branch);
  const auto before = earlier_target(journal_);
  if (before) {
    complete_two_commits(journal_, *before, left);
    const bool goes_on =
        options_.hub_strategy != HubStrategy::end && before->place() == target().place();
    pushes_saves_ = before->pushes_saves && goes_on;  // still, should this process never train
    if (pushes_saves_) {
      handed_over_ = std::max(handed_over_, before->handed_over);
      known_ = before->known;
    } else {
      add_cut_off(*before, left);
    }
  }
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

PushTarget PushToHubCallback::target() const {
  return {.endpoint = client_.options().endpoint,
          .repo = repo_,
          .revision = options_.hub_revision.value_or(std::string(kDefaultRevision)),
          .pushes_saves = pushes_saves_ && options_.hub_strategy != HubStrategy::end,
          .checkpoint = pushed_checkpoint(options_.hub_strategy),
          .progress_unit = options_.progress_unit,
          .handed_over = handed_over_,
          .known = known_,
          .two_commits = options_.save_commits == SaveCommits::two,
          .card_keys = keys_given_for_card(),
          .overwrites_card = options_.card_mode == CardMode::overwrite,
          .selection = options_.selection};
}

void PushToHubCallback::note_handed_over(std::int64_t step) {
  handed_over_ = step;
  journal_.set_target(target());
}

}  // namespace torchhub
