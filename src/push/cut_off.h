#pragma once

#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torchhub {

/// Where the checkpoint of a step lies.
std::filesystem::path checkpoint_of(const PushJournal& journal, std::int64_t step);

/// Step of the newest checkpoint below the journal's folder, if a run for `target` has completed it
/// and was killed before it could hand it over. @param jobs those that were handed over
/// @throws FileError
std::optional<std::int64_t> step_cut_off(const PushJournal& journal, const PushTarget& target,
                                         const std::vector<PushJob>& jobs);

/// A commit that a process for `target` did not come to make, without its files.
PushJob left_job(const PushTarget& target, std::string commit_message, std::int64_t step);

/// The first commit of that save, without its files.
PushJob commit_cut_off(const PushJournal& journal, const PushTarget& target, std::int64_t step);

/// README.md of output_dir, unless a Hub would refuse it; then why.
struct CardThere {
  std::optional<std::string> text = std::nullopt;
  std::string problem = {};
};
/// @throws FileError
CardThere card_there(const PushJournal& journal, const PushTarget& target);

/// What was cut off, as noted jobs, with the README.md that is there.
/// @throws as jobs_of_save(); FileError, DiskFullError
std::vector<PushJob> hand_over_cut_off(const PushJournal& journal, const PushTarget& target,
                                       std::int64_t step);

/// Step of the newest save that was handed over.
std::int64_t newest_handed_over(const PushTarget& target, const std::vector<PushJob>& jobs);

}  // namespace torchhub
