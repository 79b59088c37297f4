#include "server/accounts/gate.h"

#include "server/http/api_error.h"
#include "torchhub/base/base64.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>

#include <algorithm>

namespace torchhub::server {
namespace {

namespace codes = error_codes;

/// The token in an Authorization header; nothing if there is no header, "" if it cannot be read.
std::optional<std::string> token_in(const HttpRequest& request) {
  const auto header = request.headers.get("Authorization");
  if (!header) return std::nullopt;
  const std::size_t blank = header->find(' ');
  if (blank == std::string::npos) return "";
  const std::string scheme = folded(header->substr(0, blank));
  const std::string value =
      header->substr(std::min(header->find_first_not_of(' ', blank), header->size()));
  if (scheme == "bearer") return value;
  if (scheme != "basic") return "";
  const std::string pair = base64_decode(value).value_or("");
  const std::size_t colon = pair.find(':');
  if (colon == std::string::npos) return "";
  const std::string password = pair.substr(colon + 1);
  // git users also give the token as the name.
  return password.empty() || password == "x" ? pair.substr(0, colon) : password;
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

Caller Gate::caller(const HttpRequest& request) const {
  const auto token = token_in(request);
  if (!token) return {};
  auto owner = hub_.accounts.by_token(*token);
  if (!owner) refuse(401, codes::kBadCredentials, {});
  request.notes.user_id = owner->user.id;
  return {std::move(owner)};
}

TokenOwner Gate::signed_in(const HttpRequest& request) const {
  Caller found = caller(request);
  if (!found.owner) refuse(401, codes::kLoginNeeded, {});
  return *std::move(found.owner);
}

Access Gate::access(const Caller& caller, const RepoRow& repo) const {
  const Access visible = repo.private_ ? Access::none : Access::read;
  if (!caller.owner) return visible;
  const Account& user = caller.owner->user;
  if (repo.owner_id == user.id || user.site_admin) return Access::write;
  const std::string role = hub_.accounts.role_in(repo.owner_id, user);
  if (role == "admin" || role == "write") return Access::write;
  if (role == "contributor" && repo.creator_id == user.id) return Access::write;
  return role.empty() ? visible : Access::read;
}

void Gate::need_owner_right(const TokenOwner& owner, const Account& account) const {
  if (owner.role != TokenRole::write) {
    refuse(403,
           fmt::format("Your token has the role '{}'; this needs a token with the role 'write'.",
                       to_string(owner.role)),
           {});
  }
  if (owner.user.id == account.id || owner.user.site_admin) return;
  const std::string role = hub_.accounts.role_in(account.id, owner.user);
  if (role == "admin" || role == "write" || role == "contributor") return;
  refuse(403,
         fmt::format("You don't have the rights to create or delete repositories under '{}'.",
                     account.name),
         {});
}

RepoRow Gate::readable(const Caller& caller, RepoType type, std::string_view id) const {
  RepoId parsed;
  try {
    parsed = RepoId::parse(id);
  } catch (const InvalidArgumentError&) {
    throw ApiError(400,
                   "Repo id must be 'owner/name': letters, digits, '-', '_' and '.', each part "
                   "1 to 96 characters, without '--' and '..'.");
  }
  const auto repo = hub_.repos.find(type, parsed);
  if (repo && access(caller, *repo) != Access::none) return *repo;
  refuse(caller.owner ? 404 : 401, codes::kRepositoryNotFound, codes::kRepoNotFound);
}

RepoRow Gate::readable(const HttpRequest& request) const {
  return readable(caller(request), type_of(request), request.capture("repo"));
}

void Gate::need_write(const Caller& caller, const RepoRow& repo) const {
  if (!caller.owner) refuse(401, codes::kLoginNeeded, {});
  if (access(caller, repo) != Access::write) {
    refuse(403, fmt::format("You don't have the right to write to '{}'.", repo.full_name()), {});
  }
  if (caller.owner->role != TokenRole::write) {
    refuse(403,
           fmt::format("Your token has the role '{}'; this needs a token with the role 'write'.",
                       to_string(caller.owner->role)),
           {});
  }
}

RepoRow Gate::writable(const HttpRequest& request) const {
  const Caller who = caller(request);
  const RepoRow repo = readable(who, type_of(request), request.capture("repo"));
  need_write(who, repo);
  return repo;
}

}  // namespace torchhub::server
