#pragma once

#include "torchhub/hub/client.h"
#include "torchhub/push/job.h"

#include <stop_token>

namespace torchhub {

/// Makes the job's one commit: every file of its snapshot, and the deletion of what is replaced and
/// no longer in it. Blocks; for PushWorker's thread.
/// @throws what HubClient::create_commit throws
PushOutcome push_job(const HubClient& client, const PushJob& job, std::stop_token stop = {});

}  // namespace torchhub
