#pragma once

#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"
#include "torchhub/push/push_plan.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// All that processes of the past had saved below the journal's folder and not pushed, oldest
/// first: jobs that were handed over, and the newest checkpoint, or save of a hand-written loop, if
/// its process was killed before it could hand it over. That one goes with the README.md that is
/// there, unless refused_save() says why it does not. What another process is at is left to it.
/// @throws FileError, DiskFullError; Error if the journal is damaged
std::vector<PushJob> pushes_left(const PushJournal& journal);

/// Why the newest checkpoint, or save of a loop, is not among pushes_left() though nobody has
/// handed it over: it is larger than the run's PushTarget::selection allows, or that takes nothing
/// of it. Writes nothing.
/// @throws as list_pushes_left
std::optional<std::string> refused_save(const PushJournal& journal);
/// The same with another target than the one that is noted.
std::optional<std::string> refused_save(const PushJournal& journal,
                                        const std::optional<PushTarget>& target);

/// One of them, by a look that changes nothing.
struct ListedPush {
  PushJob job;                                                ///< Without its snapshot.
  std::vector<FileToPush> files = {};                         ///< Sorted by path.
  std::map<std::string, std::filesystem::path> sources = {};  ///< Where they lie, by path.
  std::filesystem::path entry = {};  ///< Where the journal has it; empty: not yet.
};

/// What pushes_left() would give, and what other processes are at. Writes nothing and locks
/// nothing. @throws FileError; Error if the journal is damaged
std::vector<ListedPush> list_pushes_left(const PushJournal& journal);
/// The same with another target than the one that is noted.
std::vector<ListedPush> list_pushes_left(const PushJournal& journal,
                                         const std::optional<PushTarget>& target);

/// Notes the second commit of saves that have two, where the process was killed between noting the
/// first and the second. @param jobs what is left; each second one comes after its first
/// @param target as it was noted before. @throws FileError, DiskFullError
void complete_two_commits(const PushJournal& journal, const PushTarget& target,
                          std::vector<PushJob>& jobs);

}  // namespace torchhub
