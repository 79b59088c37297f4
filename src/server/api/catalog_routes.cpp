#include "server/accounts/gate.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/repo_search.h"
#include "server/repos/tag_catalog.h"
#include "torchhub/base/timestamp.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::server {
namespace {

using nlohmann::json;

HttpResponse tags_by_type(HubState& hub, const HttpRequest& request, RepoType type) {
  Gate(hub).caller(request);  // a hub may want everybody signed in
  json out = json::object();
  for (const CatalogTag& item : tag_catalog(hub.database, type)) {
    const std::size_t colon = item.group == "other" ? std::string::npos : item.tag.find(':');
    const std::string label = colon == std::string::npos ? item.tag : item.tag.substr(colon + 1);
    out[item.group].push_back({{"id", item.tag}, {"label", label}, {"type", item.group}});
  }
  return json_response(out);
}

std::vector<FoundRepo> repos_of(HubState& hub, const Account& owner, const Caller& caller) {
  std::vector<FoundRepo> out;
  for (RepoType type : {RepoType::model, RepoType::dataset, RepoType::space}) {
    const Account& viewer = caller.owner->user;
    const RepoQuery query{.type = type,
                          .author = owner.name,
                          .limit = 10'000,
                          .viewer = viewer.id,
                          .sees_all = viewer.site_admin};
    std::vector<FoundRepo> found = search_repos(hub.database, query);
    std::move(found.begin(), found.end(), std::back_inserter(out));
  }
  // A token may allow less than its user.
  std::erase_if(out, [&](const FoundRepo& item) {
    return Gate(hub).access(caller, item.repo) == Access::none;
  });
  return out;
}

HttpResponse storage_of(HubState& hub, const Account& owner, const Caller& caller) {
  const std::vector<FoundRepo> repos = repos_of(hub, owner, caller);
  std::int64_t total = 0;
  for (const FoundRepo& item : repos) total += item.used_bytes;
  json out = json::array();
  for (const FoundRepo& item : repos) {
    const double percent =
        total == 0 ? 0 : 100.0 * static_cast<double>(item.used_bytes) / static_cast<double>(total);
    out.push_back({{"id", item.repo.full_name()},
                   {"type", to_string(item.repo.type)},
                   {"updatedAt", to_rfc3339(item.repo.modified)},
                   {"visibility", item.repo.private_ ? "private" : "public"},
                   {"storage", item.used_bytes},
                   {"storagePercent", percent}});
  }
  return json_response(out);
}

HttpResponse own_storage(HubState& hub, const HttpRequest& request) {
  const Caller caller{Gate(hub).signed_in(request)};
  return storage_of(hub, caller.owner->user, caller);
}

HttpResponse organization_storage(HubState& hub, const HttpRequest& request) {
  const Caller caller{Gate(hub).signed_in(request)};
  const Account& user = caller.owner->user;
  const std::string& name = request.capture("org");
  const auto organization = hub.accounts.find(name);
  if (!organization || !organization->is_organization) {
    throw ApiError(404, fmt::format("There is no organisation '{}'.", name));
  }
  if (!user.site_admin && hub.accounts.role_in(organization->id, user).empty()) {
    throw ApiError(403, fmt::format("You are no member of '{}'.", organization->name));
  }
  return storage_of(hub, *organization, caller);
}

/// Where clients look for what the Hub has and this server does not. Owner and name are two
/// segments, for {repo} may be one, and `ana/hardware` is a good name of a space.
constexpr std::array<std::pair<const char*, const char*>, 27> kNotBuilt = {{
    {"/api/collections/{path...}", "Collections"},
    {"/api/settings/webhooks/{path...}", "Webhooks"},
    {"/api/jobs/{path...}", "Jobs"},
    {"/api/scheduled-jobs/{path...}", "Jobs"},
    {"/api/papers/{path...}", "Papers"},
    {"/api/daily_papers/{path...}", "Papers"},
    {"/api/buckets/{path...}", "Buckets"},
    {"/api/endpoints/{path...}", "Inference endpoints"},
    {"/api/kernels/{path...}", "Kernels"},
    {"/api/resource-groups/{path...}", "Resource groups"},
    {"/api/tasks", "Inference tasks"},
    {"/api/datasets/{owner}/{name}/leaderboard", "Leaderboards"},
    {"/api/models/{owner}/{name}/safetensors-metadata/{path...}", "Headers of sharded weights"},
    {"/api/spaces/hardware", "Running spaces"},
    {"/api/spaces/semantic-search", "Searches by meaning"},
    {"/api/spaces/templates", "Templates of spaces"},
    {"/api/spaces/{owner}/{name}/runtime", "Running spaces"},
    {"/api/spaces/{owner}/{name}/hardware", "Running spaces"},
    {"/api/spaces/{owner}/{name}/sleeptime", "Running spaces"},
    {"/api/spaces/{owner}/{name}/restart", "Running spaces"},
    {"/api/spaces/{owner}/{name}/pause", "Running spaces"},
    {"/api/spaces/{owner}/{name}/secrets", "Secrets of spaces"},
    {"/api/spaces/{owner}/{name}/variables", "Variables of spaces"},
    {"/api/spaces/{owner}/{name}/storage", "Storage of spaces"},
    {"/api/spaces/{owner}/{name}/volumes", "Volumes of spaces"},
    {"/api/spaces/{owner}/{name}/dev-mode", "Running spaces"},
    {"/api/spaces/{owner}/{name}/logs/{path...}", "Logs of spaces"},
}};

void refuse_what_is_not_built(Router& router, const HubState& hub) {
  for (const auto& [pattern, feature] : kNotBuilt) {
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
      router.add(method, pattern, [&hub, feature = feature](const HttpRequest& request) -> Answer {
        Gate(hub).caller(request);
        throw ApiError(501, fmt::format("{} are not part of torchhub serve.", feature),
                       error_codes::kNotImplemented);
      });
    }
  }
}

}  // namespace

void add_catalog_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/models-tags-by-type", [&hub](const HttpRequest& request) {
    return tags_by_type(hub, request, RepoType::model);
  });
  router.add("GET", "/api/datasets-tags-by-type", [&hub](const HttpRequest& request) {
    return tags_by_type(hub, request, RepoType::dataset);
  });
  router.add("GET", "/api/settings/repositories",
             [&hub](const HttpRequest& request) { return own_storage(hub, request); });
  router.add("GET", "/api/organizations/{org}/settings/repositories",
             [&hub](const HttpRequest& request) { return organization_storage(hub, request); });
  // What evaluate of 2022 asks at its start.
  router.add("GET", "/api/metrics", [&hub](const HttpRequest& request) {
    Gate(hub).caller(request);
    return json_response(json::array());
  });
  refuse_what_is_not_built(router, hub);
}

}  // namespace torchhub::server
