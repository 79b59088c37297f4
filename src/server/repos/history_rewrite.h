#pragma once

#include "server/hub_state.h"

#include <set>
#include <string>

namespace torchhub::server {

/// Writes the history of every ref anew without the files that are pointers to `oids`: branches,
/// tags and pull requests. Commits that never had one, nor come from one that had, keep their ids;
/// the others keep author, time and message. A commit that only added such a file stays, without
/// change. All refs move or none: the next start finishes what a crash leaves half-way.
/// @throws ApiError 503 if a ref was moved by another program meanwhile
void remove_from_history(HubState& hub, const RepoRow& repo, const std::set<std::string>& oids);

}  // namespace torchhub::server
