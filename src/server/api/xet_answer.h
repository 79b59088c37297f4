#pragma once

#include "server/hub_state.h"
#include "server/xet/tokens.h"
#include "torchhub/http/message.h"

#include <nlohmann/json.hpp>

#include <string>

namespace torchhub::server {

/// A new token in the two forms that clients read.
struct XetAccess {
  nlohmann::json body;
  Headers headers;
};
XetAccess make_xet_access(const HubState& hub, const std::string& base_url, const XetGrant& grant);

/// The "upload" action that an LFS batch answers with where it selects Xet.
nlohmann::json xet_upload_action(const HubState& hub, const std::string& base_url,
                                 const RepoRow& repo, const XetGrant& grant,
                                 const std::string& revision);

}  // namespace torchhub::server
