#pragma once

#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace torchhub {

/// A complete checkpoint, and the digests of its files by name as far as they are known.
struct CheckpointFiles {
  std::filesystem::path folder;
  std::map<std::string, std::string> sha256 = {};
};

/// Adds what a save brings: the files of `output_dir` that are nobody's checkpoint and not ours
/// (`_*`), over them the model of `checkpoint` at the root, the card, and as `which` says the whole
/// checkpoint. Older weights at the root go. @throws FileError, DiskFullError
/// @param card text of README.md; unset: none
void add_save(PushJob& job, const std::filesystem::path& output_dir,
              const CheckpointFiles& checkpoint, PushedCheckpoint which,
              const std::optional<std::string>& card);

/// The whole checkpoint alone. @param which not none. @throws FileError, DiskFullError
void add_checkpoint(PushJob& job, const CheckpointFiles& checkpoint, PushedCheckpoint which);

/// Adds all that is in `folder` but checkpoints and what is ours. Where it has weights, older ones
/// on the Hub go. @throws FileError, DiskFullError
/// @param card text of README.md; unset: the one in the folder, unless its front matter is broken
void add_output_folder(PushJob& job, const std::filesystem::path& folder,
                       const std::optional<std::string>& card);

}  // namespace torchhub
