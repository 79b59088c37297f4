#include "server/api/request_rights.h"

namespace torchhub::server {

Changer changeable(const HubState& hub, const HttpRequest& request, const std::string& revision) {
  const Gate gate(hub);
  const Caller caller = gate.caller(request);
  const RepoRow repo = gate.readable(caller, type_of(request), request.capture("repo"));
  const auto num = pull_request_number(revision);
  const auto made = num ? hub.discussions.find(repo.id, *num) : std::nullopt;
  const bool own =
      made && made->is_pull_request && caller.owner && made->author.id == caller.owner->user.id;
  if (own || request.query_flag("create_pr")) {
    gate.need_voice(caller, repo);
  } else {
    gate.need_write(caller, repo);
  }
  return {repo, caller.owner->user};
}

}  // namespace torchhub::server
