#pragma once

#include "server/accounts/gate.h"
#include "server/xet/tokens.h"

namespace torchhub::server {

/// The token that a request to the Xet part of the API carries, if what it grants still holds: the
/// repository is there, and the user may still do that to it.
/// @throws ApiError 401 without a good token, 403 for sending with a token to read, 404
XetGrant xet_reader(const HubState& hub, const HttpRequest& request);
XetGrant xet_writer(const HubState& hub, const HttpRequest& request);

/// What a caller gets a token for. @throws ApiError 401, 403
XetGrant grant_xet_read(const Caller& caller, const RepoRow& repo);
XetGrant grant_xet_write(const HubState& hub, const Caller& caller, const RepoRow& repo,
                         bool for_pull_request);

}  // namespace torchhub::server
