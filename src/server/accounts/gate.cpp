#include "server/accounts/gate.h"

#include "server/accounts/credentials.h"
#include "server/http/api_error.h"
#include "server/repos/true_name.h"
#include "server/traffic/rate_rules.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace torchhub::server {
namespace {

namespace codes = error_codes;

constexpr std::string_view kPasswordRefused =
    "Passwords are not accepted here. Give an access token (hf_...) as the password, with any user "
    "name.";

bool may_make_repositories(std::string_view role) {
  return role == "admin" || role == "write" || role == "contributor";
}

/// Nobody may take a name with '--', but as on the Hub it is looked for like any other.
RepoId parse_repo_id(std::string_view id) {
  std::string single_dashes;
  std::unique_copy(id.begin(), id.end(), std::back_inserter(single_dashes),
                   [](char a, char b) { return a == '-' && b == '-'; });
  try {
    RepoId::parse(single_dashes);
  } catch (const InvalidArgumentError&) {
    throw ApiError(400,
                   "Repo id must be 'owner/name': letters, digits, '-', '_' and '.', each part "
                   "1 to 96 characters, without '..'.");
  }
  const std::size_t slash = id.find('/');
  if (slash == std::string_view::npos) return {"", std::string(id)};
  return {std::string(id.substr(0, slash)), std::string(id.substr(slash + 1))};
}

/// Is it the caller's, without a role to look up? A token may open less than all that is its
/// user's.
bool is_own(const Caller& caller, const RepoRow& repo) {
  return caller.owner && !caller.owner->user.site_admin && caller.owner->user.id == repo.owner_id;
}

/// What is looked at where there is no repository: private, of nobody.
RepoRow nobodys_repository() {
  RepoRow row;
  row.private_ = true;
  return row;
}

}  // namespace

RepoType type_of(const HttpRequest& request) {
  const std::string& api = request.capture("type");
  const std::string& web = request.capture("web");
  if (!api.empty()) return parse_repo_type(api);
  return web.empty() ? RepoType::model : parse_repo_type(web);
}

void Gate::refuse(int status, std::string_view message, std::string_view code) const {
  Headers headers;
  if (status == 401 && style_ == Style::git) {
    headers.set("WWW-Authenticate", "Basic realm=\"torchhub: any user name, a token as password\"");
  }
  if (status == 401 && style_ == Style::lfs) {
    headers.set("LFS-Authenticate", "Basic realm=\"torchhub: any user name, a token as password\"");
  }
  throw ApiError(status, std::string(message), code, std::move(headers));
}

void Gate::refuse_token(const TokenOwner& owner, std::string_view place) const {
  if (owner.role == TokenRole::fine_grained) {
    refuse(403, fmt::format("Your token has the role 'fineGrained' without 'repo.write' on '{}', "
                            "which this needs.",
                            place));
  }
  refuse(403, fmt::format("Your token has the role '{}'; this needs a token with the role 'write'.",
                          to_string(owner.role)));
}

Caller Gate::caller(const HttpRequest& request) const {
  const auto given = credentials_of(request);
  if (!given) {
    if (!hub_.options.anonymous_read) refuse(401, codes::kLoginNeeded);
    return {};
  }
  // Not even looked at, right or wrong: or guessing would go on at full speed.
  if (const auto wait = hub_.failed_logins.wait_of(request.remote_address)) {
    throw ApiError(429, "Too many wrong credentials came from your address. Wait a minute.", {},
                   {{"Retry-After", std::to_string(wait->count())}});
  }
  auto owner = hub_.tokens.by_value(given->token);
  if (!owner) {
    hub_.failed_logins.note(request.remote_address);
    count_bad_token(hub_.rates, hub_.options, request);
    refuse(401, given->is_password ? kPasswordRefused : codes::kBadCredentials);
  }
  count_good_token(hub_.rates, hub_.options, request);
  hub_.token_uses.note(owner->token_id);
  request.notes.user_id = owner->user.id;
  return {std::move(owner)};
}

TokenOwner Gate::signed_in(const HttpRequest& request) const {
  Caller found = caller(request);
  if (!found.owner) refuse(401, codes::kLoginNeeded);
  return *std::move(found.owner);
}

std::string Gate::role_of(const Caller& caller, std::string_view organization_id) const {
  const auto known = caller.known_roles.find(organization_id);
  if (known != caller.known_roles.end()) return known->second;
  std::string role = hub_.accounts.role_in(organization_id, caller.owner->user);
  caller.known_roles.emplace(organization_id, role);
  return role;
}

Access Gate::right_of_user(const Caller& caller, const RepoRow& repo) const {
  const Access visible = repo.private_ ? Access::none : Access::read;
  if (!caller.owner) return visible;
  const Account& user = caller.owner->user;
  if (repo.owner_id == user.id) return Access::write;
  const std::string role = role_of(caller, repo.owner_id);
  if (role == "admin" || role == "write") return Access::write;
  if (role == "contributor" && repo.creator_id == user.id) return Access::write;
  return role.empty() ? visible : Access::read;
}

bool Gate::grants(const TokenOwner& owner, const RepoRow& repo, TokenPermission permission) {
  return allows(owner.grants, repo.id, permission) ||
         allows(owner.grants, repo.owner_id, permission);
}

Access Gate::right_of_token(const TokenOwner& owner, const RepoRow& repo) const {
  if (owner.role == TokenRole::write) return Access::write;
  if (owner.role == TokenRole::read) return Access::read;
  if (grants(owner, repo, TokenPermission::repo_write)) return Access::write;
  const bool may_read = grants(owner, repo, TokenPermission::repo_read) || !repo.private_;
  return may_read ? Access::read : Access::none;
}

Access Gate::access(const Caller& caller, const RepoRow& repo) const {
  if (!caller.owner) return right_of_user(caller, repo);
  const bool all = caller.owner->user.site_admin;
  return std::min(all ? Access::write : right_of_user(caller, repo),
                  right_of_token(*caller.owner, repo));
}

void Gate::note_site_admin(const Caller& caller, const RepoRow& repo, Access used) const {
  if (!caller.owner || !caller.owner->user.site_admin) return;
  if (right_of_user(caller, repo) >= used) return;
  hub_.events.note(events::kSiteAdminUse, caller.owner->user.id, repo.id,
                   {{"actor", caller.owner->user.name},
                    {"repo", repo.repo().web_path()},
                    {"use", used == Access::write ? "write" : "read"}});
}

void Gate::refuse_disabled(const Caller& caller, const RepoRow& repo) const {
  if (!repo.disabled || (caller.owner && caller.owner->user.site_admin)) return;
  refuse(403, codes::kDisabled);
}

RepoRow Gate::visible(const Caller& caller, RepoType type, std::string_view id) const {
  const RepoId parsed = parse_repo_id(id);
  const auto found = hub_.repos.find(type, parsed);
  // Look up, then decide: what is missing goes the way of what is private, the look-up of a role
  // included, so that the time to the answer is the same too.
  // What is public is no secret, and needs no such look-up.
  const bool is_public = found && !found->private_;
  const bool may =
      is_public || access(caller, found.value_or(nobodys_repository())) != Access::none;
  if (!found || !may) {
    if (found && is_own(caller, *found)) role_of(caller, nobodys_repository().owner_id);
    refuse(caller.owner ? 404 : 401, codes::kRepositoryNotFound, codes::kRepoNotFound);
  }
  refuse_disabled(caller, *found);
  return *found;
}

RepoRow Gate::readable(const Caller& caller, RepoType type, std::string_view id) const {
  RepoRow repo = visible(caller, type, id);
  note_site_admin(caller, repo, Access::read);
  return repo;
}

RepoRow Gate::readable(const HttpRequest& request) const {
  RepoRow repo = readable(caller(request), type_of(request), request.capture("repo"));
  // git takes up no new name for the requests that follow, so it gets its answers by the old one.
  if (style_ == Style::api) redirect_from_old_name(request, repo);
  return repo;
}

void Gate::need_write(const Caller& caller, const RepoRow& repo) const {
  if (!caller.owner) refuse(401, codes::kLoginNeeded);
  const TokenOwner& owner = *caller.owner;
  if (!owner.user.site_admin && right_of_user(caller, repo) != Access::write) {
    refuse(403, fmt::format("You don't have the right to write to '{}'.", repo.full_name()));
  }
  if (right_of_token(owner, repo) != Access::write) refuse_token(owner, repo.full_name());
  refuse_disabled(caller, repo);
  note_site_admin(caller, repo, Access::write);
}

const TokenOwner& Gate::need_voice(const Caller& caller, const RepoRow& repo) const {
  if (!caller.owner) refuse(401, codes::kLoginNeeded);
  if (right_of_token(*caller.owner, repo) != Access::write) {
    refuse_token(*caller.owner, repo.full_name());
  }
  return *caller.owner;
}

Writer Gate::writer(const HttpRequest& request) const {
  const Caller who = caller(request);
  RepoRow repo = visible(who, type_of(request), request.capture("repo"));
  if (style_ == Style::api) redirect_from_old_name(request, repo);
  need_write(who, repo);
  return {std::move(repo), who.owner->user};
}

void Gate::need_account_role(const TokenOwner& owner, const Account& account) const {
  if (owner.user.id == account.id) return;
  if (may_make_repositories(hub_.accounts.role_in(account.id, owner.user))) return;
  if (!owner.user.site_admin) {
    refuse(403,
           fmt::format("You don't have the rights to create or delete repositories under '{}'.",
                       account.name));
  }
  hub_.events.note(events::kSiteAdminUse, owner.user.id, {},
                   {{"actor", owner.user.name}, {"account", account.name}, {"use", "create"}});
}

void Gate::need_owner_right(const TokenOwner& owner, const Account& account) const {
  const bool enough = owner.role == TokenRole::write ||
                      (owner.role == TokenRole::fine_grained &&
                       allows(owner.grants, account.id, TokenPermission::repo_write));
  if (!enough) refuse_token(owner, account.name);
  need_account_role(owner, account);
}

}  // namespace torchhub::server
