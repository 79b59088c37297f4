#include "server/accounts/gate.h"
#include "server/api/repo_description.h"
#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/head_cache.h"

#include <nlohmann/json.hpp>

namespace torchhub::server {
namespace {

HttpResponse info(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub).readable(request);
  const git::Repository git = hub.open(repo);
  const std::string& asked = request.capture("rev");
  const std::string commit = need_commit(git, asked.empty() ? "HEAD" : asked);
  InfoWishes wishes{.blobs = request.query_flag("blobs"),
                    .security = request.query_flag("securityStatus")};
  for (std::string& name : request.query_list("expand")) wishes.expand.insert(std::move(name));
  if (!wishes.expand.empty() && (wishes.blobs || wishes.security)) {
    throw ApiError(400,
                   "'expand' names all fields that are wanted; 'blobs' and 'securityStatus' "
                   "do not go with it.");
  }
  heal_head_cache(hub, repo);
  return json_response(describe(hub, repo, git, commit, wishes));
}

}  // namespace

void add_info_routes(Router& router, HubState& hub) {
  for (const char* pattern : {"/api/{type}/{repo}/revision/{rev}", "/api/{type}/{repo}"}) {
    router.add("GET", pattern, [&hub](const HttpRequest& request) { return info(hub, request); });
  }
}

}  // namespace torchhub::server
