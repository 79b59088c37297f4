#pragma once

#include "server/discussions/discussion_store.h"
#include "server/git/repository.h"
#include "server/hub_state.h"

#include <string>
#include <vector>

namespace torchhub::server {

/// Brings the pull request into its base branch as one commit, and marks it merged. Takes its turn
/// after the writers of both refs. @throws ApiError 404, 409 with what is in the way
void merge_pull_request(HubState& hub, const RepoRow& repo, std::int64_t num, const Account& user,
                        const std::string& comment);

/// Finds out what became of a merge that nobody finished: the base branch has its commit, or not.
/// Only in the pull request's turn. @return true if it is merged
bool settle_merge(HubState& hub, const git::Repository& git, const Discussion& request);

/// What stands between a pull request and its base branch.
struct PullRequestState {
  std::vector<std::string> conflicts = {};  ///< Paths.
  bool ref_is_gone = false;                 ///< Its own or the branch's, so nobody can tell.
};
PullRequestState state_of(const HubState& hub, const RepoRow& repo, const Discussion& request);

/// The unified diff of what the pull request changes, 5 MiB of it at most.
std::string diff_of(const HubState& hub, const RepoRow& repo, const Discussion& request);

}  // namespace torchhub::server
