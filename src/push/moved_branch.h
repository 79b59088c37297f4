#pragma once

#include "torchhub/push/push_job.h"

#include <stop_token>
#include <string>

namespace torchhub {

/// Have others changed on the branch what the job would replace, the card apart, since `known` was
/// its head? What `journal` says to have been sent from here is no change of others. Then it must
/// not overwrite what may be newer.
/// @throws BranchMovedError; what the client throws
void require_not_moved(const HubClient& client, const PushJob& job, const PushJournal& journal,
                       const std::string& known, const std::stop_token& stop);

}  // namespace torchhub
