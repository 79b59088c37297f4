#pragma once

#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"
#include "torchhub/push/push_plan.h"
#include "torchhub/push/save_selection.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// PushJob::lane of checkpoints that have commits of their own.
inline constexpr std::string_view kCheckpointLane = "checkpoint";
/// What their messages have after those of the saves.
inline constexpr std::string_view kSecondCommit = ", checkpoint";

/// A complete checkpoint, and the digests of its files by name as far as they are known.
struct CheckpointFiles {
  std::filesystem::path folder;
  std::map<std::string, std::string> sha256 = {};
};

/// Adds what a save brings: the files of `output_dir` that are nobody's checkpoint and not ours
/// (`_*`), over them the model of `checkpoint` at the root, the card, and as `which` says the whole
/// checkpoint; of all that what is selected. Older weights at the root go.
/// @throws PushTooLargeError before a file is copied; FileError, DiskFullError
/// @param card text of README.md; unset: none
void add_save(PushJob& job, const std::filesystem::path& output_dir,
              const CheckpointFiles& checkpoint, PushedCheckpoint which,
              const std::optional<std::string>& card, const SaveSelection& selection = {});

/// A part of a save: files of `folder` that `filter` takes, and where they go in the repository.
struct SavedPart {
  std::filesystem::path folder;
  std::string path_in_repo = {};
  PathFilter filter = {};
  bool frozen = false;  ///< As Snapshot::add_folder() has it.
};

/// What add_save() adds besides the card; of two parts that have a path, the later one's file goes.
std::vector<SavedPart> parts_of_save(const std::filesystem::path& output_dir,
                                     const CheckpointFiles& checkpoint, PushedCheckpoint which,
                                     const SaveSelection& selection = {});

/// What a save to `target` would bring, all its commits together and without a message. Asks no
/// Hub, writes nothing. @throws PushTooLargeError; InvalidArgumentError if nothing is selected;
/// FileError
/// @param checkpoint without a folder: what lies in output_dir beside checkpoints
PushPlan plan_save(const std::filesystem::path& output_dir, const CheckpointFiles& checkpoint,
                   const PushTarget& target, const std::optional<std::string>& card);

/// The commits of a save to `target`, none of them noted yet: one, or with two_commits Python's
/// two. @param first the first of them, without its files
/// @throws what plan_save throws, before a file is copied; FileError, DiskFullError
std::vector<PushJob> jobs_of_save(PushJob first, const PushJournal& journal,
                                  const CheckpointFiles& checkpoint, const PushTarget& target,
                                  const std::optional<std::string>& card);

/// The second commit of a save that has two. @throws FileError, DiskFullError
PushJob checkpoint_commit(const PushJob& first, const PushJournal& journal,
                          const CheckpointFiles& checkpoint, PushedCheckpoint which,
                          const SaveSelection& selection = {});

/// The whole checkpoint alone. @param which not none. @throws FileError, DiskFullError
void add_checkpoint(PushJob& job, const CheckpointFiles& checkpoint, PushedCheckpoint which,
                    const SaveSelection& selection = {});

/// Adds all that is in `folder` but checkpoints and what is ours, as selection.root says. Where it
/// has weights, older ones on the Hub go.
/// @throws PushTooLargeError before a file is copied; FileError, DiskFullError
/// @param card text of README.md; unset: the one in the folder, unless its front matter is broken
/// @param frozen patterns of files that never change in place: hard links will do for them
void add_output_folder(PushJob& job, const std::filesystem::path& folder,
                       const std::optional<std::string>& card, const SaveSelection& selection = {},
                       const std::vector<std::string>& frozen = {});

}  // namespace torchhub
