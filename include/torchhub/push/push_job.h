#pragma once

#include "torchhub/base/error.h"
#include "torchhub/hub/client.h"
#include "torchhub/push/job.h"
#include "torchhub/push/journal.h"

#include <stop_token>

namespace torchhub {

/// Files of the repository that a save of an earlier process would replace were changed by somebody
/// else after it was made. The message names them and the commit.
class BranchMovedError : public Error {
 public:
  using Error::Error;
};

/// Makes the job's one commit: every file of its snapshot, and the deletion of what is replaced and
/// no longer in it. The card is merged with the one on the Hub (MovedBranch::merge); where somebody
/// commits meanwhile, it looks again and goes on top. Files that are there already do not travel,
/// so a job that is done twice makes one commit. Blocks; for PushWorker's thread.
/// @param journal knows the last push from this folder, and learns of this one
/// @throws SecretFoundError before any request; HeadMovedError with MovedBranch::fail;
/// BranchMovedError if PushJob::is_left; what HubClient::create_commit throws
PushOutcome push_job(const HubClient& client, const PushJob& job, const PushJournal& journal,
                     std::stop_token stop = {});

}  // namespace torchhub
