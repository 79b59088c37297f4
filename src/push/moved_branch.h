#pragma once

#include "torchhub/push/push_job.h"

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>

namespace torchhub {

/// What a job holds, in its snapshot or before it has one.
struct JobFiles {
  std::map<std::string, std::filesystem::path> sources = {};  ///< By path in the repository.
  std::filesystem::path entry = {};                           ///< Of the journal; empty: none yet.
};

JobFiles files_of(const Snapshot& snapshot);

/// Have others changed on the branch what the job would replace, the card apart, since `known` was
/// its head? What `journal` says to have been sent from here is no change of others. Then it must
/// not overwrite what may be newer.
/// @throws BranchMovedError; what the client throws
void require_not_moved(const HubClient& client, const PushJob& job, const JobFiles& files,
                       const PushJournal& journal, const std::string& known,
                       const std::stop_token& stop);

/// Were all changes on the branch since `known` was its head sent from here, the card's as well? So
/// it is where a commit of ours arrived and its answer did not. Writes nothing.
/// @throws what the client throws
bool only_we_have_moved(const HubClient& client, const PushJob& job, const PushJournal& journal,
                        const std::string& known, const std::string& head,
                        const std::stop_token& stop);

}  // namespace torchhub
