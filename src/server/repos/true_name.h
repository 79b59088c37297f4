#pragma once

#include "server/http/request.h"
#include "server/repos/repo_store.h"

#include <string>

namespace torchhub::server {

/// Path and query of the request, with the name that `repo` has now. Relative, so that it is right
/// under whatever name the client knows this server.
std::string address_by_true_name(const HttpRequest& request, const RepoRow& repo);

/// @throws ApiError 307 with Location if a GET or HEAD named `repo` by a name from before a move.
/// Another case of the true name is none.
void redirect_from_old_name(const HttpRequest& request, const RepoRow& repo);

}  // namespace torchhub::server
