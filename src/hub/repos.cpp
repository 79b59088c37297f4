#include "hub/api.h"
#include "hub/json_fields.h"
#include "torchhub/http/url.h"

#include <fmt/format.h>

namespace torchhub {
namespace {

nlohmann::json name_of(const Repo& repo) {
  nlohmann::json body{{"name", repo.id.name}, {"type", to_string(repo.type)}};
  if (!repo.id.owner.empty()) body["organization"] = repo.id.owner;
  return body;
}

/// The server's word for the id: it knows the owner when we named none.
RepoUrl url_from(const nlohmann::json& answer, const Repo& repo, const HubApi& api) {
  RepoUrl result{.url = text_field(answer, "url"), .repo = repo};
  std::string name = text_field(answer, "name");
  if (name.empty()) {
    const std::string prefix = api.endpoint() + "/" + std::string(url_prefix(repo.type));
    if (result.url.starts_with(prefix)) name = result.url.substr(prefix.size());
  }
  if (!name.empty()) result.repo.id = RepoId::parse(name);
  if (result.url.empty()) result.url = api.web_url(result.repo);
  return result;
}

RepoSibling sibling_from(const nlohmann::json& entry) {
  return {.path = text_field(entry, "rfilename"),
          .size = size_field(entry, "size"),
          .blob_id = text_field(entry, "blobId"),
          .lfs_sha256 = text_field(field(entry, "lfs"), "sha256")};
}

RepoInfo info_from(const nlohmann::json& answer, const Repo& repo) {
  RepoInfo info{.id = repo.id};
  if (const std::string id = text_field(answer, "id"); !id.empty()) info.id = RepoId::parse(id);
  info.sha = text_field(answer, "sha");
  info.private_ = bool_field(answer, "private");
  info.disabled = bool_field(answer, "disabled");
  info.gated = text_field(answer, "gated");
  info.author = text_field(answer, "author");
  info.last_modified = text_field(answer, "lastModified");
  info.created_at = text_field(answer, "createdAt");
  for (const nlohmann::json& tag : field(answer, "tags")) {
    if (tag.is_string()) info.tags.push_back(tag.get<std::string>());
  }
  for (const nlohmann::json& entry : field(answer, "siblings")) {
    info.siblings.push_back(sibling_from(entry));
  }
  return info;
}

}  // namespace

WhoAmI HubClient::whoami(std::stop_token stop) const {
  const HubApi& api = impl_->api;
  RequestContext context = api.context("asking whose token this is");
  if (!api.options().offline && !api.options().token) {
    throw LocalTokenNotFoundError(fmt::format(
        "No token to ask {} about. Set HF_TOKEN (or HubOptions::token).", api.endpoint()));
  }
  const nlohmann::json answer = api.get_json(api.endpoint() + "/api/whoami-v2", context, stop);
  const nlohmann::json& token = field(field(answer, "auth"), "accessToken");
  WhoAmI result{.name = text_field(answer, "name"),
                .fullname = text_field(answer, "fullname"),
                .type = text_field(answer, "type"),
                .token_name = text_field(token, "displayName"),
                .token_role = text_field(token, "role")};
  for (const nlohmann::json& org : field(answer, "orgs")) {
    result.orgs.push_back(text_field(org, "name"));
  }
  return result;
}

RepoUrl HubClient::create_repo(const Repo& repo, const CreateRepoOptions& options,
                               std::stop_token stop) const {
  const HubApi& api = impl_->api;
  const RequestContext context =
      api.writing(fmt::format("creating repository '{}'", repo.id.str()), std::nullopt);
  nlohmann::json body = name_of(repo);
  if (options.private_) body["visibility"] = *options.private_ ? "private" : "public";
  Request request{.method = "POST",
                  .url = api.endpoint() + "/api/repos/create",
                  .headers = {{"Content-Type", "application/json"}},
                  .body = body.dump(),
                  .stall_timeout = api.options().stall_timeout,
                  .safe_to_repeat = options.exist_ok};
  const Response response = api.send(std::move(request), context, stop);
  if (response.status == 409 && options.exist_ok) {
    return url_from(nlohmann::json::parse(response.body, nullptr, false), repo, api);
  }
  // Who may write to a repository need not be allowed to make one in that place.
  const bool may_exist = response.status == 401 || response.status == 403;
  if (may_exist && options.exist_ok && !repo.id.owner.empty() && repo_exists(repo, stop)) {
    return {.url = api.web_url(repo), .repo = repo};
  }
  raise_for_status(response, context);
  return url_from(api.parse_json(response, context), repo, api);
}

AuthCheck HubClient::auth_check(const Repo& repo, RepoAccess access, std::stop_token stop) const {
  const HubApi& api = impl_->api;
  const bool write = access == RepoAccess::write;
  const std::string doing =
      fmt::format("asking for the right to {} '{}'", write ? "write to" : "read", repo.id.str());
  try {
    api.call({.url = api.api_url(repo, write ? "/auth-check/write" : "/auth-check"),
              .stall_timeout = api.options().stall_timeout},
             write ? api.writing(doing, repo) : api.context(doing, repo), stop);
    return AuthCheck::allowed;
  } catch (const HubHttpError& error) {
    // A repository that is not there has a code; a route that is not there has none.
    if (error.status() != 404 || !error.error_code().empty()) throw;
    return AuthCheck::unknown;
  }
}

void HubClient::delete_repo(const Repo& repo, std::stop_token stop) const {
  const HubApi& api = impl_->api;
  const RequestContext context =
      api.writing(fmt::format("deleting repository '{}'", repo.id.str()), repo);
  api.call({.method = "DELETE",
            .url = api.endpoint() + "/api/repos/delete",
            .headers = {{"Content-Type", "application/json"}},
            .body = name_of(repo).dump(),
            .stall_timeout = api.options().stall_timeout,
            .safe_to_repeat = false},
           context, stop);
}

bool HubClient::repo_exists(const Repo& repo, std::stop_token stop) const {
  try {
    const HubApi& api = impl_->api;
    api.get_json(api.api_url(repo),
                 api.context(fmt::format("looking for repository '{}'", repo.id.str()), repo),
                 stop);
    return true;
  } catch (const GatedRepoError&) {
    return true;
  } catch (const RepositoryNotFoundError&) {
    return false;
  }
}

RepoInfo HubClient::repo_info(const Repo& repo, const std::string& revision,
                              std::stop_token stop) const {
  const HubApi& api = impl_->api;
  const nlohmann::json answer = api.get_json(
      api.api_url(repo, "/revision/" + percent_encode(revision)),
      api.context(fmt::format("reading about repository '{}'", repo.id.str()), repo, revision),
      stop);
  RepoInfo info = info_from(answer, repo);
  info.raw = answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return info;
}

}  // namespace torchhub
