#pragma once

#include "server/hub_state.h"

#include <set>
#include <string>
#include <vector>

/// Writers of one ref go one after another; who writes to several waits for all of them.
namespace torchhub::server {

/// The repository stays where it is while a writer has this.
/// @throws ApiError 404 if it was deleted while the writer sent its body or waited
RepoWriters::Hold hold_repository(HubState& hub, const RepoRow& repo);

/// The turn of a writer of `ref`, who holds the repository, too.
/// @throws ApiError as hold_repository(); 403 if `ref` is a pull request's that is closed by now
RefQueue::Turn wait_for_turn(HubState& hub, const RepoRow& repo, const std::string& ref);
/// The same of several refs at once.
std::vector<RefQueue::Turn> wait_for_turns(HubState& hub, const RepoRow& repo,
                                           const std::set<std::string>& refs);
/// Also of pull requests that take no more commits. @throws ApiError as hold_repository()
std::vector<RefQueue::Turn> wait_for_turns_of_all(HubState& hub, const RepoRow& repo,
                                                  const std::set<std::string>& refs);

/// Whoever waits for one ref while he has the turn of another must do so in this order, or two
/// could wait for each other: pull requests first, as a merge does, which learns its branch from
/// its request.
std::vector<RefQueue::Turn> wait_in_order(RefQueue& queue, const std::string& repo_id,
                                          const std::set<std::string>& refs);

}  // namespace torchhub::server
