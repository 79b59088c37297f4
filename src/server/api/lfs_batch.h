#pragma once

#include "server/accounts/gate.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub::server {

/// The answer to an LFS batch (git-lfs docs/api/batch.md; transfers "basic" and, for uploads,
/// "multipart").
/// @throws ApiError 401, 403, 413, 422
nlohmann::json lfs_batch(HubState& hub, const RepoRow& repo, const Caller& caller,
                         const std::string& base_url, const nlohmann::json& body);

}  // namespace torchhub::server
