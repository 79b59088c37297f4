#include "torchhub/push/resume.h"

#include "base/read_if_there.h"
#include "push/saved_parts.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/push/saved_files.h"
#include "torchhub/wire/checkpoint_folders.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// The epoch that trainer_state.json notes; 0 if it notes none.
double epoch_of(const fs::path& checkpoint) {
  const auto state = nlohmann::json::parse(read_file(checkpoint / "trainer_state.json"), nullptr,
                                           /*allow_exceptions=*/false);
  if (!state.is_object()) return 0;
  const auto epoch = state.find("epoch");
  return epoch != state.end() && epoch->is_number() ? epoch->get<double>() : 0;
}

std::int64_t newest_of(const PushTarget& target, const std::vector<PushJob>& jobs) {
  std::int64_t newest = target.handed_over;
  for (const PushJob& job : jobs) {
    if (job.place() == target.place()) newest = std::max(newest, job.step);
  }
  return newest;
}

/// Step of a save that was complete and not handed over. @param jobs those that were
std::optional<std::int64_t> step_cut_off(const PushJournal& journal, const PushTarget& target,
                                         const std::vector<PushJob>& jobs) {
  if (!target.pushes_saves) return std::nullopt;
  std::vector<std::int64_t> steps = complete_checkpoints(journal.output_dir());
  std::erase_if(steps, [&](std::int64_t step) {
    return std::find(target.known.begin(), target.known.end(), step) != target.known.end();
  });
  if (steps.empty() || steps.back() <= newest_of(target, jobs)) return std::nullopt;
  return steps.back();
}

fs::path checkpoint_of(const PushJournal& journal, std::int64_t step) {
  return journal.output_dir() / checkpoint_name(step);
}

/// The first commit of that save, without its files.
PushJob commit_of(const PushJournal& journal, const PushTarget& target, std::int64_t step) {
  const double epoch = epoch_of(checkpoint_of(journal, step));
  return {.repo = target.repo,
          .endpoint = target.endpoint,
          .revision = target.revision,
          .commit_message = progress_message(target.progress_unit, step, epoch),
          .step = step,
          .is_left = true};
}

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

ListedPush listed_second_commit(const PushJournal& journal, const PushTarget& target,
                                PushJob first) {
  const CheckpointFiles checkpoint{.folder = checkpoint_of(journal, first.step)};
  const SavedPart part = checkpoint_part(checkpoint, target.checkpoint, target.selection);
  first.commit_message += kSecondCommit;
  first.lane = kCheckpointLane;
  return {.job = std::move(first), .files = plan_of({part}, std::nullopt).files};
}

std::vector<PushJob> jobs_of(const std::vector<PushJournal::Noted>& noted) {
  std::vector<PushJob> jobs;
  for (const PushJournal::Noted& entry : noted) jobs.push_back(entry.job);
  return jobs;
}

std::optional<std::string> card_of(const PushJournal& journal) {
  return read_file_if_there(journal.output_dir() / "README.md");
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
                          card_of(journal));
  } catch (const PushTooLargeError& error) {
    save.refusal = error.what();
  } catch (const InvalidArgumentError& error) {
    save.refusal = error.what();
  }
  return save;
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
    PushJob first = commit_of(journal, *target, save->step);
    first.snapshot = journal.new_snapshot();
    for (PushJob& job :
         jobs_of_save(std::move(first), journal, {.folder = checkpoint_of(journal, save->step)},
                      *target, card_of(journal))) {
      journal.remember(job);
      jobs.push_back(std::move(job));
    }
  }
  // Before the first of them can be on the Hub: later nothing would say that it was handed over.
  PushTarget now = *target;
  now.handed_over = newest_of(*target, jobs);
  if (now.handed_over != target->handed_over) journal.set_target(now);
  return jobs;
}

std::vector<ListedPush> list_pushes_left(const PushJournal& journal) {
  const std::vector<PushJournal::Noted> noted = journal.noted();
  const std::vector<PushJob> jobs = jobs_of(noted);
  const auto target = journal.target();
  std::vector<ListedPush> listed;
  for (const auto& [job, files] : noted) {
    listed.push_back({.job = job, .files = plan_of({{.folder = files}}, std::nullopt).files});
    if (target && needs_second_commit(journal, *target, job, jobs)) {
      listed.push_back(listed_second_commit(journal, *target, job));
    }
  }
  if (auto save = save_cut_off(journal, target, jobs); save && save->refusal.empty()) {
    listed.push_back(
        {.job = commit_of(journal, *target, save->step), .files = std::move(save->plan.files)});
  }
  return listed;
}

std::optional<std::string> refused_save(const PushJournal& journal) {
  const auto save = save_cut_off(journal, journal.target(), jobs_of(journal.noted()));
  if (!save || save->refusal.empty()) return std::nullopt;
  return save->refusal;
}

}  // namespace torchhub
