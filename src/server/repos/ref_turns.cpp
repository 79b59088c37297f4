#include "server/repos/ref_turns.h"

#include "server/discussions/pull_request.h"
#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

namespace torchhub::server {

RepoWriters::Hold hold_repository(HubState& hub, const RepoRow& repo) {
  RepoWriters::Hold hold = hub.writers.join(hub.folder.repository(repo.id));
  if (hold == nullptr || !hub.repos.is_ready(repo.id)) {
    throw ApiError(404, std::string(error_codes::kRepositoryNotFound), error_codes::kRepoNotFound);
  }
  return hold;
}

RefQueue::Turn wait_for_turn(HubState& hub, const RepoRow& repo, const std::string& ref) {
  RefQueue::Turn turn = hub.queue.wait(repo.id, ref);
  turn.keep(hold_repository(hub, repo));
  need_open_request(hub, repo.id, ref);
  return turn;
}

std::vector<RefQueue::Turn> wait_for_turns(HubState& hub, const RepoRow& repo,
                                           const std::set<std::string>& refs) {
  auto turns = wait_for_turns_of_all(hub, repo, refs);
  for (const std::string& ref : refs) need_open_request(hub, repo.id, ref);
  return turns;
}

std::vector<RefQueue::Turn> wait_for_turns_of_all(HubState& hub, const RepoRow& repo,
                                                  const std::set<std::string>& refs) {
  auto turns = wait_in_order(hub.queue, repo.id, refs);
  const RepoWriters::Hold hold = hold_repository(hub, repo);
  for (RefQueue::Turn& turn : turns) turn.keep(hold);
  return turns;
}

std::vector<RefQueue::Turn> wait_in_order(RefQueue& queue, const std::string& repo_id,
                                          const std::set<std::string>& refs) {
  std::vector<RefQueue::Turn> out;
  for (const bool requests : {true, false}) {
    for (const std::string& ref : refs) {
      if (ref.starts_with("refs/pr/") == requests) out.push_back(queue.wait(repo_id, ref));
    }
  }
  return out;
}

}  // namespace torchhub::server
