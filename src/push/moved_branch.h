#pragma once

#include "torchhub/push/push_job.h"

#include <stop_token>
#include <string>

namespace torchhub {

/// Have others changed on the branch what the job would replace, the card apart, since `known` was
/// its head? Then it must not overwrite what may be newer.
/// @throws BranchMovedError; what the client throws
void require_not_moved(const HubClient& client, const PushJob& job, const std::string& known,
                       const std::filesystem::path& output_dir, const std::stop_token& stop);

}  // namespace torchhub
