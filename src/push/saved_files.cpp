#include "torchhub/push/saved_files.h"

#include "push/files_below.h"
#include "push/replaced_files.h"
#include "push/saved_parts.h"
#include "push/size_guard.h"
#include "torchhub/push/card_sync.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

namespace fs = std::filesystem;

/// Only then a look at all files is worth while.
bool may_refuse(const SaveSelection& selection) {
  return selection.max_bytes || !takes_all(selection.root) || !takes_all(selection.checkpoint);
}

void add_digests(PushJob& job, const CheckpointFiles& checkpoint, const SavedPart& part) {
  const std::string before = part.path_in_repo.empty() ? "" : part.path_in_repo + "/";
  for (const auto& [name, sha256] : checkpoint.sha256) {
    if (part.filter.takes(name)) job.sha256[before + name] = sha256;
  }
}

}  // namespace

void add_save(PushJob& job, const fs::path& output_dir, const CheckpointFiles& checkpoint,
              PushedCheckpoint which, const std::optional<std::string>& card,
              const SaveSelection& selection) {
  if (selection.max_bytes) {
    require_size(plan_of(parts_of_save(output_dir, checkpoint, which, selection),
                         selected_card(card, selection)),
                 selection.max_bytes, name_of_save(checkpoint.folder));
  }
  for (const SavedPart& part :
       parts_of_save(output_dir, checkpoint, PushedCheckpoint::none, selection)) {
    job.snapshot.add_folder(part.folder, part.path_in_repo, part.filter, part.frozen);
    if (part.folder == checkpoint.folder) add_digests(job, checkpoint, part);
  }
  if (const auto text = selected_card(card, selection)) {
    job.snapshot.add_text(*text, "README.md");
  }
  job.replaced = replaced_by_save(checkpoint, PushedCheckpoint::none, selection);
  if (which != PushedCheckpoint::none) add_checkpoint(job, checkpoint, which, selection);
}

void add_checkpoint(PushJob& job, const CheckpointFiles& checkpoint, PushedCheckpoint which,
                    const SaveSelection& selection) {
  const SavedPart part = checkpoint_part(checkpoint, which, selection);
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
  const SaveSelection& selection = target.selection;
  if (may_refuse(selection)) {
    static_cast<void>(plan_save(journal.output_dir(), checkpoint, target, card));
  }
  const bool second = target.two_commits && which != PushedCheckpoint::none;
  if (which == PushedCheckpoint::under_its_name) first.droppable = false;  // each is wanted
  add_save(first, journal.output_dir(), checkpoint, second ? PushedCheckpoint::none : which, card,
           selection);
  std::vector<PushJob> jobs{std::move(first)};
  if (second) {
    jobs.push_back(checkpoint_commit(jobs.front(), journal, checkpoint, which, selection));
  }
  return jobs;
}

PushJob checkpoint_commit(const PushJob& first, const PushJournal& journal,
                          const CheckpointFiles& checkpoint, PushedCheckpoint which,
                          const SaveSelection& selection) {
  PushJob second{.repo = first.repo,
                 .endpoint = first.endpoint,
                 .revision = first.revision,
                 .commit_message = first.commit_message + std::string(kSecondCommit),
                 .step = first.step,
                 .snapshot = journal.new_snapshot(),
                 .droppable = first.droppable,
                 .lane = std::string(kCheckpointLane),
                 .moved_branch = first.moved_branch,
                 .is_left = first.is_left};
  add_checkpoint(second, checkpoint, which, selection);
  return second;
}

void add_output_folder(PushJob& job, const fs::path& folder, const std::optional<std::string>& card,
                       const SaveSelection& selection, const std::vector<std::string>& frozen) {
  PathFilter filter = output_filter(selection);
  if (card || CardSync(folder).problem()) filter.ignore.emplace_back("README.md");
  const auto text = selected_card(card, selection);
  if (selection.max_bytes) {
    require_size(plan_of({{.folder = folder, .filter = filter}}, text), selection.max_bytes,
                 fmt::format("'{}'", folder.string()));
  }
  const PathFilter is_frozen{.allow = frozen};
  for (const std::string& path : files_below(folder, filter)) {
    job.snapshot.add_file(folder / path, path, !frozen.empty() && is_frozen.takes(path));
  }
  if (text) job.snapshot.add_text(*text, "README.md");
  job.replaced = replaced_by_output(folder, job.snapshot.paths(), selection);
}

}  // namespace torchhub
