#pragma once

#include "hub/upload_plan.h"

#include <stop_token>
#include <vector>

namespace torchhub {

/// Brings the objects to the server by git-lfs's basic or multipart transfer (hub-protocol 9), as
/// the server wants it; what it has already does not travel. @return bytes sent
/// @throws FileError, HubHttpError
std::uint64_t upload_lfs_objects(const HubApi& api, const Repo& repo,
                                 const std::vector<const PlannedFile*>& files,
                                 const CommitOptions& options, std::stop_token stop);

}  // namespace torchhub
