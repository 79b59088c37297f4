#pragma once

#include "server/accounts/account_store.h"
#include "server/git/repository.h"
#include "server/hub_state.h"

#include <optional>
#include <string>
#include <vector>

namespace torchhub::server {

/// Files that others than `user` have locked and that a branch would have otherwise than before: a
/// path and who locked it, each. A new branch is compared with the default branch, and one that
/// goes changes nothing.
/// @param git a repository that has both commits
std::vector<std::string> locked_by_others(const HubState& hub, const RepoRow& repo,
                                          const Account& user, const git::Repository& git,
                                          const std::optional<std::string>& old_tip,
                                          const std::optional<std::string>& new_tip);

}  // namespace torchhub::server
