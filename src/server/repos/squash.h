#pragma once

#include "server/hub_state.h"

#include <string>

namespace torchhub::server {

/// Makes what `ref` has now its one commit, without parents. Tags and other branches keep the old
/// ones. Writers of one ref queue here. @return the new commit
/// @throws ApiError 404 RevisionNotFound, 503
std::string squash_branch(HubState& hub, const RepoRow& repo, const std::string& ref,
                          const std::string& message, const Account& user);

/// A commit without files and parents: what a branch that starts empty points to. @return its id
std::string write_empty_commit(const HubState& hub, git::Repository& git, const std::string& user);

}  // namespace torchhub::server
