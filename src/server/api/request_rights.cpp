#include "server/api/request_rights.h"

namespace torchhub::server {
namespace {

/// Whether `revision` is a pull request of the caller's.
bool is_own_request(const HubState& hub, const Caller& caller, const RepoRow& repo,
                    const std::string& revision) {
  const auto num = pull_request_number(revision);
  const auto made = num ? hub.discussions.find(repo.id, *num) : std::nullopt;
  return made && made->is_pull_request && caller.owner && made->author.id == caller.owner->user.id;
}

enum class Wish { change, proposal };

Changer need_right(const HubState& hub, const HttpRequest& request, const std::string& revision,
                   Wish wish) {
  const Gate gate(hub);
  const Caller caller = gate.caller(request);
  const RepoRow repo = gate.readable(caller, type_of(request), request.capture("repo"));
  if (wish == Wish::proposal || is_own_request(hub, caller, repo, revision)) {
    gate.need_voice(caller, repo);
  } else {
    gate.need_write(caller, repo);
  }
  return {repo, caller.owner->user};
}

}  // namespace

Changer changeable(const HubState& hub, const HttpRequest& request, const std::string& revision) {
  return need_right(hub, request, revision, Wish::change);
}

Changer changeable_or_proposed(const HubState& hub, const HttpRequest& request,
                               const std::string& revision) {
  return need_right(hub, request, revision,
                    request.query_flag("create_pr") ? Wish::proposal : Wish::change);
}

}  // namespace torchhub::server
