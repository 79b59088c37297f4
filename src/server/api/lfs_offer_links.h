#pragma once

#include "server/hub_state.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

/// Signed links for objects that somebody sends for a pull request (server/lfs/offers.h).
namespace torchhub::server {

/// Never that of a writer's link: who signs a thing says for whom.
LinkGrant offer_grant(const std::string& method, const std::string& user,
                      const std::string& repo_id, const LfsPointer& object);

/// "upload" and "verify" of a batch's answer.
nlohmann::json offer_actions(const HubState& hub, const std::string& base_url,
                             const std::string& user, const std::string& repo_id,
                             const LfsPointer& object);

}  // namespace torchhub::server
