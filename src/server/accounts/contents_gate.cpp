#include "server/accounts/gate.h"
#include "server/repos/true_name.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>

namespace torchhub::server {

/// That a repository is public lets every token see that it is there, but what its owner holds back
/// is not public.
bool Gate::may_read_gated(const TokenOwner& owner, const RepoRow& repo) {
  if (owner.role != TokenRole::fine_grained) return true;
  return grants(owner, repo, TokenPermission::repo_read) ||
         grants(owner, repo, TokenPermission::repo_write);
}

bool Gate::may_have_contents(const Caller& caller, const RepoRow& repo) const {
  const Access right = access(caller, repo);
  if (right == Access::none || repo.disabled) return false;
  if (repo.gated.empty() || right == Access::write) return true;
  if (!caller.owner || !may_read_gated(*caller.owner, repo)) return false;
  return !role_of(caller, repo.owner_id).empty() ||
         hub_.access_requests.status(repo.id, caller.owner->user.id) == "accepted";
}

void Gate::need_contents(const Caller& caller, const RepoRow& repo,
                         const std::string& base_url) const {
  refuse_disabled(caller, repo);
  if (repo.gated.empty() || may_have_contents(caller, repo)) return;
  const std::string what =
      fmt::format("Access to {} {} is restricted", to_string(repo.type), repo.full_name());
  if (!caller.owner) {
    refuse(401,
           what + ". You must have access to it and be authenticated to access it. Please log in.",
           error_codes::kGatedRepo);
  }
  refuse(403,
         fmt::format("{} and you are not in the authorized list. Visit {}/{} to ask for access.",
                     what, base_url, repo.repo().web_path()),
         error_codes::kGatedRepo);
}

RepoRow Gate::contents(const HttpRequest& request) const {
  // The way of every download: who asks is looked up once.
  const Caller who = caller(request);
  RepoRow repo = readable(who, type_of(request), request.capture("repo"));
  if (style_ == Style::api) redirect_from_old_name(request, repo);
  if (!repo.gated.empty()) need_contents(who, repo, hub_.base_url(request));
  return repo;
}

}  // namespace torchhub::server
