#pragma once

#include "server/hub_state.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub::server {

/// The answer to preupload: which files go by LFS, which are to be left out, what is there now.
/// @throws ApiError 400, 413
nlohmann::json preupload(const HubState& hub, const RepoRow& repo, const std::string& commit,
                         const nlohmann::json& body);

}  // namespace torchhub::server
