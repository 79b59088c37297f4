#pragma once

#include "hub/api.h"

#include <stop_token>
#include <string>
#include <vector>

namespace torchhub {

/// HubClient::validate_yaml() with a context of the caller's.
std::vector<std::string> validate_yaml(const HubApi& api, const std::string& readme, RepoType type,
                                       const RequestContext& context, const std::stop_token& stop);

}  // namespace torchhub
