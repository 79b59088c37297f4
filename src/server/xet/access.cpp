#include "server/xet/access.h"

#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

namespace torchhub::server {
namespace {

[[noreturn]] void refuse_repository() {
  throw ApiError(404, std::string(error_codes::kRepositoryNotFound), error_codes::kRepoNotFound);
}

std::string bearer_token(const HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string header = request.header("Authorization");
  if (folded(header.substr(0, kScheme.size())) != kScheme) {
    throw ApiError(401,
                   "This needs a Xet token: ask xet-write-token or xet-read-token of the "
                   "repository for one, and send it as Authorization: Bearer.");
  }
  return header.substr(kScheme.size());
}

/// As of now, whatever held when the token was made.
Access access_of(const HubState& hub, const XetGrant& grant) {
  const auto repo = hub.repos.by_id(grant.repo_id);
  if (!repo || repo->disabled) refuse_repository();
  Caller caller;
  if (!grant.user_id.empty()) {
    auto user = hub.accounts.by_id(grant.user_id);
    if (!user || user->disabled) throw ApiError(401, std::string(error_codes::kBadCredentials));
    caller.owner = TokenOwner{*std::move(user), TokenRole::write};
  }
  const Access access = Gate(hub).access(caller, *repo);
  if (access == Access::none) refuse_repository();
  return access;
}

}  // namespace

XetGrant xet_reader(const HubState& hub, const HttpRequest& request) {
  XetGrant grant = hub.xet_tokens.read(bearer_token(request));
  access_of(hub, grant);
  return grant;
}

XetGrant xet_writer(const HubState& hub, const HttpRequest& request) {
  XetGrant grant = hub.xet_tokens.read(bearer_token(request));
  const Access access = access_of(hub, grant);
  if (grant.right == XetRight::read) {
    throw ApiError(403, "This Xet token is one to read. Ask xet-write-token for one to send with.");
  }
  if (grant.right == XetRight::write && access != Access::write) {
    throw ApiError(403, "You no longer have the right to write to this repository.");
  }
  return grant;
}

XetGrant grant_xet_read(const Caller& caller, const RepoRow& repo) {
  return {repo.id, caller.owner ? caller.owner->user.id : std::string(), XetRight::read};
}

XetGrant grant_xet_write(const HubState& hub, const Caller& caller, const RepoRow& repo,
                         bool for_pull_request) {
  const Gate gate(hub);
  const bool reads_only = gate.access(caller, repo) != Access::write;
  if (for_pull_request && reads_only) {
    gate.need_voice(caller, repo);
  } else {
    gate.need_write(caller, repo);
  }
  return {repo.id, caller.owner->user.id, reads_only ? XetRight::pull_request : XetRight::write};
}

}  // namespace torchhub::server
