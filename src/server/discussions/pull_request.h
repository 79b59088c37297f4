#pragma once

#include "server/discussions/discussion_store.h"
#include "server/hub_state.h"

#include <string>

/// A pull request is a row, and a ref of its own: refs/pr/N. The number is reserved first, then the
/// ref is made, then the row is shown; what a crash leaves of that, the next start takes back.
namespace torchhub::server {

/// Opens a pull request. Its commits are durable by now.
/// @return its number. @throws ApiError 404 if the repository is gone; DatabaseError, GitError
std::int64_t open_pull_request(HubState& hub, const RepoRow& repo, const NewPullRequest& wanted,
                               const Account& author);

/// Tells the pull request's history of commits that its ref has received by whatever way. A failure
/// is only logged, since the commits are there: the next call makes up for it.
/// @param pusher an account's id, or empty where nobody knows: then commits are told of by the
/// account that their author is called as
/// @return the pull request as it is now
Discussion note_commits(HubState& hub, const RepoRow& repo, const Discussion& request,
                        const std::string& pusher);
/// The same for a ref that was moved; does nothing for any but refs/pr/N.
void note_commits(HubState& hub, const RepoRow& repo, const std::string& ref,
                  const std::string& pusher);

/// Does nothing for any other ref than refs/pr/N. @throws ApiError 404 if there is no such pull
/// request, 403 if it takes no commits any more
void need_open_request(const HubState& hub, const std::string& repo_id, const std::string& ref);

/// Takes back pull requests that an earlier server left half-made, and settles merges that it left
/// half-way.
void finish_pull_requests(HubState& hub);

}  // namespace torchhub::server
