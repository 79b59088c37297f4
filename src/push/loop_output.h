#pragma once

#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"
#include "torchhub/push/saved_files.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torchhub {

/// Where a hand-written loop builds a save before it puts it into output_dir: complete as soon as
/// it has this name.
std::filesystem::path saved_loop_model(const std::filesystem::path& output_dir);

/// Puts a complete save in place; does nothing where there is none. A process killed in it leaves
/// what the next call finishes. @throws FileError
void finish_loop_save(const std::filesystem::path& output_dir);

/// A save of a loop that nobody has handed over yet: noted beside its files, and complete with it.
struct LoopSave {
  std::string commit_message;
  std::int64_t step = 0;
  std::vector<std::string> replaced = {};  ///< As PushJob's.
};

/// @throws FileError, DiskFullError
void note_loop_save(const LoopSave& save, const std::filesystem::path& folder);
/// It has been handed over. What cannot be removed is pushed once more, which changes nothing.
void forget_loop_save(const std::filesystem::path& output_dir);

/// The save that a process was killed with before it could hand it over, in place or not yet.
/// A damaged note is none, and logged. @param jobs those that were handed over. @throws FileError
std::optional<LoopSave> loop_save_cut_off(const std::filesystem::path& output_dir,
                                          const std::vector<PushJob>& jobs);

/// What it is made of, in place or not yet.
std::vector<SavedPart> parts_of_loop_save(const std::filesystem::path& output_dir,
                                          const SaveSelection& selection);

/// Its commit, without its files.
PushJob commit_of_loop_save(const PushTarget& target, const LoopSave& save);

/// As PushJob::replaced. @param paths of the files that go. @throws FileError
std::vector<std::string> replaced_by_loop_save(const std::filesystem::path& output_dir,
                                               const LoopSave& save,
                                               const std::vector<std::string>& paths,
                                               const SaveSelection& selection);

/// That save, in its place, noted as a job. @throws PushTooLargeError, FileError, DiskFullError
PushJob hand_over_loop_save(const PushJournal& journal, const PushTarget& target,
                            const LoopSave& save);

}  // namespace torchhub
