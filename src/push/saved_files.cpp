#include "torchhub/push/saved_files.h"

#include "push/never_pushed.h"
#include "push/root_weights.h"
#include "torchhub/push/card_sync.h"

#include <algorithm>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Nor our own files, and checkpoints, which go by strategy.
PathFilter output_filter() {
  PathFilter filter{.ignore = never_pushed()};
  filter.ignore.insert(filter.ignore.end(), {"_*", "checkpoint-*", "*/.cache/*"});
  return filter;
}

/// Of a checkpoint, what makes the model at the repository's root: all that Trainer::save_model()
/// wrote, but not what only a resume needs.
PathFilter model_filter() {
  return {.ignore = {"optimizer.pt", "scheduler.pt", "scaler.pt", "rng_state*.pth",
                     "trainer_state.json", "torchhub_state.json", "training_args.bin"}};
}

void add_digests(PushJob& job, const CheckpointFiles& checkpoint, const SavedPart& part) {
  const std::string before = part.path_in_repo.empty() ? "" : part.path_in_repo + "/";
  for (const auto& [name, sha256] : checkpoint.sha256) {
    if (part.filter.takes(name)) job.sha256[before + name] = sha256;
  }
}

std::string name_in_repo(const CheckpointFiles& checkpoint, PushedCheckpoint which) {
  return which == PushedCheckpoint::as_last ? "last-checkpoint"
                                            : checkpoint.folder.filename().string();
}

}  // namespace

std::vector<SavedPart> parts_of_save(const fs::path& output_dir, const CheckpointFiles& checkpoint,
                                     PushedCheckpoint which) {
  PathFilter beside = output_filter();
  beside.ignore.emplace_back("README.md");
  // Weights in output_dir are those of an older save.
  beside.ignore.insert(beside.ignore.end(), root_weights().begin(), root_weights().end());
  std::vector<SavedPart> parts{
      {.folder = output_dir, .filter = std::move(beside)},
      {.folder = checkpoint.folder, .filter = model_filter(), .frozen = true}};
  if (which != PushedCheckpoint::none) {
    parts.push_back({.folder = checkpoint.folder,
                     .path_in_repo = name_in_repo(checkpoint, which),
                     .frozen = true});
  }
  return parts;
}

void add_save(PushJob& job, const fs::path& output_dir, const CheckpointFiles& checkpoint,
              PushedCheckpoint which, const std::optional<std::string>& card) {
  for (const SavedPart& part : parts_of_save(output_dir, checkpoint, PushedCheckpoint::none)) {
    job.snapshot.add_folder(part.folder, part.path_in_repo, part.filter, part.frozen);
    if (part.folder == checkpoint.folder) add_digests(job, checkpoint, part);
  }
  if (card) job.snapshot.add_text(*card, "README.md");
  job.replaced = root_weights();
  if (which != PushedCheckpoint::none) add_checkpoint(job, checkpoint, which);
}

void add_checkpoint(PushJob& job, const CheckpointFiles& checkpoint, PushedCheckpoint which) {
  const SavedPart part{
      .folder = checkpoint.folder, .path_in_repo = name_in_repo(checkpoint, which), .frozen = true};
  job.snapshot.add_folder(part.folder, part.path_in_repo, part.filter, part.frozen);
  add_digests(job, checkpoint, part);
  const std::string all = part.path_in_repo + "/*";
  job.replaced.push_back(all);
  if (which == PushedCheckpoint::under_its_name) job.lasting.push_back(all);
}

std::vector<PushJob> jobs_of_save(PushJob first, const PushJournal& journal,
                                  const CheckpointFiles& checkpoint, const PushTarget& target,
                                  const std::optional<std::string>& card) {
  const PushedCheckpoint which = target.checkpoint;
  const bool second = target.two_commits && which != PushedCheckpoint::none;
  if (which == PushedCheckpoint::under_its_name) first.droppable = false;  // each is wanted
  add_save(first, journal.output_dir(), checkpoint, second ? PushedCheckpoint::none : which, card);
  std::vector<PushJob> jobs{std::move(first)};
  if (second) jobs.push_back(checkpoint_commit(jobs.front(), journal, checkpoint, which));
  return jobs;
}

PushJob checkpoint_commit(const PushJob& first, const PushJournal& journal,
                          const CheckpointFiles& checkpoint, PushedCheckpoint which) {
  PushJob second{.repo = first.repo,
                 .endpoint = first.endpoint,
                 .revision = first.revision,
                 .commit_message = first.commit_message + ", checkpoint",
                 .step = first.step,
                 .snapshot = journal.new_snapshot(),
                 .droppable = first.droppable,
                 .lane = std::string(kCheckpointLane),
                 .moved_branch = first.moved_branch,
                 .is_left = first.is_left};
  add_checkpoint(second, checkpoint, which);
  return second;
}

void add_output_folder(PushJob& job, const fs::path& folder,
                       const std::optional<std::string>& card) {
  PathFilter filter = output_filter();
  if (card || !CardSync(folder).is_readable()) filter.ignore.emplace_back("README.md");
  job.snapshot.add_folder(folder, "", filter, /*frozen=*/false);
  if (card) job.snapshot.add_text(*card, "README.md");
  const PathFilter weights{.allow = root_weights()};
  const std::vector<std::string> paths = job.snapshot.paths();
  const bool brings_weights = std::any_of(
      paths.begin(), paths.end(), [&](const std::string& path) { return weights.takes(path); });
  if (brings_weights) job.replaced = root_weights();
}

}  // namespace torchhub
