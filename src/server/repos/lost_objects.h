#pragma once

#include "server/git/repository.h"
#include "server/hub_state.h"

#include <string>

namespace torchhub::server {

/// Before a ref leads to `commit`. One that no ref leads to may name LFS objects that were
/// collected since: a deleted branch's, say. To call under an ObjectGuard that lives until the ref
/// is there.
/// @throws ApiError 422 that names a file without its object
void need_objects_of(const HubState& hub, const RepoRow& repo, const git::Repository& git,
                     const std::string& commit);

}  // namespace torchhub::server
