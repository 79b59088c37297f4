#include "server/accounts/gate.h"
#include "server/api/commit_body.h"
#include "server/api/json_body.h"
#include "server/api/preupload.h"
#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

using nlohmann::json;

void refuse_pull_requests(const HttpRequest& request) {
  if (!request.query_flag("create_pr")) return;
  throw ApiError(501, "torchhub serve makes no pull requests; commit to a branch.",
                 error_codes::kNotImplemented);
}

Answer start_preupload(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub).writable(request);
  refuse_pull_requests(request);  // before large files travel for nothing
  const std::string commit = need_commit(hub.open(repo), request.capture("rev"));
  return read_json([&hub, repo, commit](const json& body) {
    return json_response(preupload(hub, repo, commit, body));
  });
}

Answer start_commit(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub).writable(request);
  refuse_pull_requests(request);
  const std::string ref = need_branch(hub.open(repo), request.capture("rev"));
  const std::string user = Gate(hub).signed_in(request).user.name;
  const std::string url = hub.web_url(request, repo) + "/commit/";
  if (request.content_length.value_or(0) > hub.options.max_commit_bytes) {
    throw ApiError(413, fmt::format("A commit's body may have {} bytes. Split it into several "
                                    "commits, or send large files by LFS.",
                                    hub.options.max_commit_bytes));
  }
  return std::make_unique<CommitBody>(
      hub, repo, [&hub, repo, ref, user, url](const CommitPlan& plan, git::ObjectIntake& intake) {
        const std::string commit = apply_commit(hub, repo, ref, plan, user, intake);
        return json_response({{"success", true},
                              {"commitOid", commit},
                              {"commitUrl", url + commit},
                              {"hookOutput", ""}});
      });
}

}  // namespace

void add_commit_routes(Router& router, HubState& hub) {
  router.add("POST", "/api/{type}/{repo}/preupload/{rev}",
             [&hub](const HttpRequest& request) { return start_preupload(hub, request); });
  router.add("POST", "/api/{type}/{repo}/commit/{rev}",
             [&hub](const HttpRequest& request) { return start_commit(hub, request); });
}

}  // namespace torchhub::server
