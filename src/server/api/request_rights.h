#pragma once

#include "server/accounts/gate.h"

#include <string>

/// Who may change what by commits: writers everything; who may read, pull requests of their own.
namespace torchhub::server {

struct Changer {
  RepoRow repo;
  Account user;
};

/// Who asks, if they may change `revision` of the repository that the path names.
/// @throws ApiError 401, 403, 404
Changer changeable(const HubState& hub, const HttpRequest& request, const std::string& revision);

/// The same, or who may read if they only propose a change (`create_pr`): `revision` itself must
/// then be left as it is.
Changer changeable_or_proposed(const HubState& hub, const HttpRequest& request,
                               const std::string& revision);

}  // namespace torchhub::server
