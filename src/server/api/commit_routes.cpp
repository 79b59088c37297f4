#include "server/accounts/gate.h"
#include "server/api/commit_body.h"
#include "server/api/discussion_json.h"
#include "server/api/json_body.h"
#include "server/api/preupload.h"
#include "server/api/request_rights.h"
#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/discussions/pull_request.h"
#include "server/http/api_error.h"
#include "server/repos/lost_objects.h"
#include "server/repos/ref_turns.h"
#include "server/store/object_guard.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

using nlohmann::json;

Answer start_preupload(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = changeable_or_proposed(hub, request, request.capture("rev")).repo;
  const std::string commit = need_commit(hub.open(repo), request.capture("rev"));
  return read_json([&hub, repo, commit](const json& body) {
    return json_response(preupload(hub, repo, commit, body));
  });
}

json answer_of(const std::string& url, const std::string& commit) {
  return {{"success", true},
          {"commitOid", commit},
          {"commitUrl", url + "/commit/" + commit},
          {"hookOutput", ""}};
}

/// Where a new pull request goes out from.
std::string start_of(const git::Repository& git, const std::string& base, const CommitPlan& plan) {
  if (plan.header.parent_commit) return need_commit(git, *plan.header.parent_commit);
  const auto tip = git.ref_target(base);
  if (!tip) refuse_revision(base);
  return *tip;
}

/// The commit lies on a ref of its own; the branch stays where it is.
HttpResponse commit_to_new_request(HubState& hub, const RepoRow& repo, const Account& user,
                                   const std::string& base, const std::string& url,
                                   const CommitPlan& plan, git::ObjectIntake& intake) {
  const auto hold = hold_repository(hub, repo);
  git::Repository git = hub.open(repo);
  NewPullRequest wanted{.title = title_from(plan.header.summary),
                        .description = plan.header.description,
                        .base = base,
                        .start = start_of(git, base, plan),
                        .head = {}};
  need_comment_size(wanted.description, "description");
  const auto guard = ObjectGuard::shared(hub.folder.root());
  need_objects_of(hub, repo, git, wanted.start);
  wanted.head =
      build_commit(hub, repo, git, wanted.start, plan, user.name, intake).value_or(wanted.start);
  intake.keep();
  accept_offers(hub, repo, plan);
  const std::int64_t num = open_pull_request(hub, repo, wanted, user);
  if (wanted.head != wanted.start) hub.metrics.note_commit();
  json answer = answer_of(url, wanted.head);
  answer["pullRequestUrl"] = fmt::format("{}/discussions/{}", url, num);
  return json_response(answer);
}

Answer start_commit(HubState& hub, const HttpRequest& request) {
  const std::string& revision = request.capture("rev");
  const auto [repo, user] = changeable_or_proposed(hub, request, revision);
  const bool new_request = request.query_flag("create_pr");
  const git::Repository git = hub.open(repo);
  const std::string ref =
      new_request ? need_branch(git, revision) : need_branch_or_request(git, revision);
  need_open_request(hub, repo.id, ref);
  const std::string url = hub.web_url(request, repo);
  if (request.content_length.value_or(0) > hub.options.max_commit_bytes) {
    throw ApiError(413, fmt::format("A commit's body may have {} bytes. Split it into several "
                                    "commits, or send large files by LFS.",
                                    hub.options.max_commit_bytes));
  }
  const auto finish = [&hub, repo = repo, user = user, ref, url, new_request](
                          const CommitPlan& plan, git::ObjectIntake& intake) {
    if (new_request) return commit_to_new_request(hub, repo, user, ref, url, plan, intake);
    const std::string commit = apply_commit(hub, repo, ref, plan, user, intake);
    note_commits(hub, repo, ref, user.id);
    return json_response(answer_of(url, commit));
  };
  return std::make_unique<CommitBody>(hub, repo, user.id, finish);
}

}  // namespace

void add_commit_routes(Router& router, HubState& hub) {
  router.add("POST", "/api/{type}/{repo}/preupload/{rev}",
             [&hub](const HttpRequest& request) { return start_preupload(hub, request); });
  router.add("POST", "/api/{type}/{repo}/commit/{rev}",
             [&hub](const HttpRequest& request) { return start_commit(hub, request); });
}

}  // namespace torchhub::server
