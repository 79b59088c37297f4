#include "torchhub/push/resume.h"

#include "push/cut_off.h"
#include "push/loop_output.h"
#include "push/replaced_files.h"
#include "push/root_card.h"
#include "push/saved_parts.h"
#include "push/size_guard.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Has this save's checkpoint a commit of its own that was never noted, and can it still be made?
bool needs_second_commit(const PushJournal& journal, const PushTarget& target, const PushJob& job,
                         const std::vector<PushJob>& jobs) {
  const bool has_two = target.two_commits && target.checkpoint != PushedCheckpoint::none;
  // What was handed over has been noted as a whole.
  if (!has_two || job.step <= target.handed_over || job.place() != target.place()) return false;
  if (!job.lane.empty() || !is_complete_checkpoint(checkpoint_of(journal, job.step))) return false;
  return std::none_of(jobs.begin(), jobs.end(), [&](const PushJob& other) {
    return other.lane == kCheckpointLane && other.step == job.step;
  });
}

ListedPush listed_parts(PushJob job, const std::vector<SavedPart>& parts) {
  ListedPush listed{.job = std::move(job), .files = plan_of(parts, std::nullopt).files};
  const auto sources = sources_of(parts);
  for (const FileToPush& file : listed.files) listed.sources[file.path] = sources.at(file.path);
  return listed;
}

ListedPush listed_second_commit(const PushJournal& journal, const PushTarget& target,
                                PushJob first) {
  const CheckpointFiles checkpoint{.folder = checkpoint_of(journal, first.step)};
  const SavedPart part = checkpoint_part(checkpoint, target.checkpoint, target.selection);
  first.commit_message += kSecondCommit;
  first.lane = kCheckpointLane;
  first.replaced = {part.path_in_repo + "/*"};
  return listed_parts(std::move(first), {part});
}

std::vector<PushJob> jobs_of(const std::vector<PushJournal::Noted>& noted) {
  std::vector<PushJob> jobs;
  for (const PushJournal::Noted& entry : noted) jobs.push_back(entry.job);
  return jobs;
}

std::string told_of(const PushTooLargeError& error, const PushJournal& journal) {
  return error.told_of("that its run allows",
                       fmt::format("To push it all the same: 'torchhub push resume {} --max-size "
                                   "{}'.",
                                   journal.output_dir().string(), error.bytes()));
}

/// Why the run's selection does not let the save of a loop go; nothing if it does.
std::optional<std::string> loop_save_refusal(const PushJournal& journal, const PushTarget& target) {
  const auto parts = parts_of_loop_save(journal.output_dir(), target.selection);
  try {
    require_size(plan_of(parts, std::nullopt), target.selection.max_bytes,
                 name_of_save(journal.output_dir()));
    return std::nullopt;
  } catch (const PushTooLargeError& error) {
    return told_of(error, journal);
  }
}

/// Of a save that was cut off: what it brings, or why the run's selection does not let it go.
struct CutOff {
  std::int64_t step = 0;
  PushPlan plan = {};
  std::string refusal = {};
};

/// Nothing if there is none. @param jobs those that were handed over
std::optional<CutOff> save_cut_off(const PushJournal& journal,
                                   const std::optional<PushTarget>& target,
                                   const std::vector<PushJob>& jobs) {
  const auto step = target ? step_cut_off(journal, *target, jobs) : std::nullopt;
  if (!step) return std::nullopt;
  CutOff save{.step = *step};
  try {
    save.plan = plan_save(journal.output_dir(), {.folder = checkpoint_of(journal, *step)}, *target,
                          card_there(journal, *target).text);
  } catch (const PushTooLargeError& error) {
    save.refusal = told_of(error, journal);
  } catch (const InvalidArgumentError& error) {
    save.refusal = error.what();
  }
  return save;
}

/// All its commits as one.
ListedPush listed_cut_off(const PushJournal& journal, const PushTarget& target,
                          const CutOff& save) {
  const CheckpointFiles checkpoint{.folder = checkpoint_of(journal, save.step)};
  ListedPush listed = listed_parts(
      commit_cut_off(journal, target, save.step),
      parts_of_save(journal.output_dir(), checkpoint, target.checkpoint, target.selection));
  listed.job.replaced = replaced_by_save(checkpoint, target.checkpoint, target.selection);
  listed.files = save.plan.files;  // with the card
  const auto is_card = [](const FileToPush& file) { return file.path == kRootCard; };
  if (std::any_of(listed.files.begin(), listed.files.end(), is_card)) {
    listed.sources[kRootCard] = journal.output_dir() / kRootCard;
  }
  return listed;
}

ListedPush listed_loop_save(const PushJournal& journal, const PushTarget& target,
                            const LoopSave& save) {
  ListedPush listed = listed_parts(commit_of_loop_save(target, save),
                                   parts_of_loop_save(journal.output_dir(), target.selection));
  std::vector<std::string> paths;
  for (const FileToPush& file : listed.files) paths.push_back(file.path);
  listed.job.replaced = replaced_by_loop_save(journal.output_dir(), save, paths, target.selection);
  return listed;
}

}  // namespace

void complete_two_commits(const PushJournal& journal, const PushTarget& target,
                          std::vector<PushJob>& jobs) {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const CheckpointFiles checkpoint{.folder = checkpoint_of(journal, jobs[i].step)};
    if (!needs_second_commit(journal, target, jobs[i], jobs)) continue;
    PushJob second =
        checkpoint_commit(jobs[i], journal, checkpoint, target.checkpoint, target.selection);
    journal.remember(second);
    jobs.insert(jobs.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(second));
  }
}

std::vector<PushJob> pushes_left(const PushJournal& journal) {
  std::vector<PushJob> jobs = journal.unfinished();
  const auto target = journal.target();
  if (!target) return jobs;
  complete_two_commits(journal, *target, jobs);
  if (const auto save = save_cut_off(journal, target, jobs); save && save->refusal.empty()) {
    for (PushJob& job : hand_over_cut_off(journal, *target, save->step)) {
      jobs.push_back(std::move(job));
    }
  }
  if (const auto save = loop_save_cut_off(journal.output_dir(), jobs)) {
    if (!loop_save_refusal(journal, *target)) {
      jobs.push_back(hand_over_loop_save(journal, *target, *save));
    }
  } else {
    forget_loop_save(journal.output_dir());  // it is among the jobs
  }
  // Before the first of them can be on the Hub: later nothing would say that it was handed over.
  PushTarget now = *target;
  now.handed_over = newest_handed_over(*target, jobs);
  if (now.handed_over != target->handed_over) journal.set_target(now);
  return jobs;
}

std::vector<ListedPush> list_pushes_left(const PushJournal& journal) {
  return list_pushes_left(journal, journal.target());
}

std::vector<ListedPush> list_pushes_left(const PushJournal& journal,
                                         const std::optional<PushTarget>& target) {
  const std::vector<PushJournal::Noted> noted = journal.noted();
  const std::vector<PushJob> jobs = jobs_of(noted);
  std::vector<ListedPush> listed;
  for (const auto& [job, files] : noted) {
    listed.push_back(listed_parts(job, {{.folder = files}}));
    listed.back().entry = files.parent_path();
    if (target && needs_second_commit(journal, *target, job, jobs)) {
      listed.push_back(listed_second_commit(journal, *target, job));
    }
  }
  if (auto save = save_cut_off(journal, target, jobs); save && save->refusal.empty()) {
    listed.push_back(listed_cut_off(journal, *target, *save));
  }
  const auto save = target ? loop_save_cut_off(journal.output_dir(), jobs) : std::nullopt;
  if (save && !loop_save_refusal(journal, *target)) {
    listed.push_back(listed_loop_save(journal, *target, *save));
  }
  return listed;
}

std::optional<std::string> refused_save(const PushJournal& journal) {
  return refused_save(journal, journal.target());
}

std::optional<std::string> refused_save(const PushJournal& journal,
                                        const std::optional<PushTarget>& target) {
  const std::vector<PushJob> jobs = jobs_of(journal.noted());
  const auto save = save_cut_off(journal, target, jobs);
  if (save && !save->refusal.empty()) return save->refusal;
  const bool has_loop_save = target && loop_save_cut_off(journal.output_dir(), jobs);
  return has_loop_save ? loop_save_refusal(journal, *target) : std::nullopt;
}

}  // namespace torchhub
