#pragma once

#include "server/http/request.h"
#include "server/hub_state.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace torchhub::server {

/// `{href, expires_in}`: a link that is signed for what `grant` allows.
nlohmann::json lfs_action(const HubState& hub, const std::string& base_url, const LinkGrant& grant);

/// What the link that was called is about, whoever made it. @throws ApiError 404 for a part that
/// the object has not
LinkGrant grant_in(const HttpRequest& request, LinkUse use);

/// The same for a link that must be signed. @throws ApiError 403 if it is expired or was not made
/// here for this; 404 as above, or if the repository is gone
LinkGrant checked_grant(const HubState& hub, const HttpRequest& request, LinkUse use);

/// In the media type of LFS.
HttpResponse lfs_json(const nlohmann::json& value, int status = 200);

}  // namespace torchhub::server
