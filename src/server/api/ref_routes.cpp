#include "server/accounts/gate.h"
#include "server/api/account_description.h"
#include "server/api/html_text.h"
#include "server/api/json_body.h"
#include "server/api/paging.h"
#include "server/api/request_rights.h"
#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/discussions/pull_request.h"
#include "server/git/ref_rules.h"
#include "server/http/api_error.h"
#include "server/repos/commit_plan.h"
#include "server/repos/head_cache.h"
#include "server/repos/lost_objects.h"
#include "server/repos/ref_turns.h"
#include "server/repos/repo_event.h"
#include "server/repos/repo_maker.h"
#include "server/repos/squash.h"
#include "server/store/object_guard.h"
#include "torchhub/base/timestamp.h"
#include "torchhub/wire/repo.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace torchhub::server {
namespace {

using nlohmann::json;

HttpResponse refs(const HubState& hub, const HttpRequest& request) {
  const git::Repository git = hub.open(Gate(hub).readable(request));
  json out{{"branches", json::array()}, {"converts", json::array()}, {"tags", json::array()}};
  const bool with_requests = request.query_flag("include_prs");
  if (with_requests) out["pullRequests"] = json::array();
  for (const git::Ref& ref : git.refs()) {
    const auto add = [&](const char* list, std::string_view prefix) {
      if (!ref.name.starts_with(prefix)) return;
      out[list].push_back({{"name", ref.name.substr(prefix.size())},
                           {"ref", ref.name},
                           {"targetCommit", ref.commit}});
    };
    add("branches", "refs/heads/");
    add("converts", "refs/convert/");
    add("tags", "refs/tags/");
    if (with_requests) add("pullRequests", "refs/pr/");
  }
  return json_response(out);
}

/// Commits pushed by git name whom they like; there is a picture where that can be a user here.
json describe_author(const std::string& base_url, const std::string& name) {
  const bool can_be_user = !problem_of_name(name);
  return {{"user", name}, {"avatar", can_be_user ? json(avatar_url(base_url, name)) : json()}};
}

HttpResponse commits(HubState& hub, const HttpRequest& request) {
  constexpr std::size_t kDefaultLimit = 50;
  constexpr std::size_t kMaxLimit = 1000;
  constexpr std::size_t kMaxMessageBytes = std::size_t{64} << 10;
  constexpr std::size_t kMaxPageBytes = std::size_t{4} << 20;  // of messages, which pushes choose
  const git::Repository git = hub.open(Gate(hub).readable(request));
  const std::string commit = need_commit(git, request.capture("rev"));
  const std::size_t limit =
      std::clamp<std::size_t>(query_number(request, "limit", kDefaultLimit), 1, kMaxLimit);
  const std::size_t page = query_number(request, "p", 0);
  const std::size_t total = hub.commit_counts.count(git, commit);
  const std::size_t message_bytes = std::min(kMaxMessageBytes, kMaxPageBytes / limit);
  const std::string base_url = hub.base_url(request);
  json out = json::array();
  for (const std::string& id : git::history(git, commit, page * limit, limit)) {
    const git::CommitInfo info = git.commit_info(id);
    const std::string message = git.commit_message(id, message_bytes);
    out.push_back({{"id", info.id},
                   {"title", info.title},
                   {"message", message},
                   {"date", to_rfc3339(info.time)},
                   {"authors", json::array({describe_author(base_url, info.author)})}});
    for (const std::string& field : request.query_list("expand")) {
      if (field == "formatted") {
        out.back()["formatted"] = {{"title", escape_html(info.title)},
                                   {"message", escape_html(message)}};
      }
    }
  }
  HttpResponse response = json_response(out);
  response.headers.set("X-Total-Count", std::to_string(total));
  if ((page + 1) * limit < total) {
    add_next_link(response, request, base_url, "p", std::to_string(page + 1));
  }
  return response;
}

std::string branch_ref(const std::string& name) {
  const std::string ref = "refs/heads/" + name;
  if (git::problem_of_ref(ref)) {
    throw ApiError(400, fmt::format("Invalid reference for a branch: {}", name));
  }
  return ref;
}

std::string tag_ref(const std::string& name) {
  const std::string ref = "refs/tags/" + name;
  if (git::problem_of_ref(ref)) {
    throw ApiError(400, fmt::format("Invalid reference for a tag: {}", name));
  }
  return ref;
}

ApiError already_exists(const std::string& ref) {
  return {409, fmt::format("Reference {} already exists", ref)};
}

void need_free_path(const git::Repository& git, const std::string& ref) {
  if (const auto other = git.ref_in_way(ref)) {
    throw ApiError(409, fmt::format("Reference {} cannot be created: {} is in its way. Delete that "
                                    "one, or choose another name.",
                                    ref, *other));
  }
}

HttpResponse create_branch(HubState& hub, const Writer& by, const std::string& name,
                           const json& body) {
  const RepoRow& repo = by.repo;
  const std::string ref = branch_ref(name);
  const auto turn = wait_for_turn(hub, repo, ref);
  const auto guard = ObjectGuard::shared(hub.folder.root());  // from the look to the moved ref
  git::Repository git = hub.open(repo);
  const bool empty = optional_flag(body, "emptyBranch").value_or(false);
  const std::string start =
      empty ? write_empty_commit(hub, git, by.user.name)
            : need_commit(git, optional_text(body, "startingPoint").value_or("HEAD"));
  const std::string old = git.ref_target(ref).value_or("");
  if (!old.empty() && !optional_flag(body, "overwrite").value_or(false)) throw already_exists(ref);
  need_free_path(git, ref);
  need_objects_of(hub, repo, git, start);
  if (!git.move_ref(ref, old, start, "branch: created by API")) throw already_exists(ref);
  note_change(hub, repo, ref_event(events::kBranchCreated, by.user, repo, ref, start));
  return json_response(json::object());
}

HttpResponse delete_branch(HubState& hub, const RepoRow& repo, const Account& user,
                           const std::string& name) {
  const std::string ref = "refs/heads/" + name;
  if (name == "main") throw ApiError(403, "Cannot delete refs/heads/main");
  const auto turn = wait_for_turn(hub, repo, ref);
  git::Repository git = hub.open(repo);
  const auto tip = git.ref_target(ref);
  if (!tip) refuse_revision(name);
  git.delete_ref(ref);
  note_change(hub, repo, ref_event(events::kBranchDeleted, user, repo, ref, *tip));
  return json_response(json::object());
}

HttpResponse create_tag(HubState& hub, const Writer& by, const std::string& revision,
                        const json& body) {
  const RepoRow& repo = by.repo;
  const std::string name = need_text(body, "tag");
  git::Repository git = hub.open(repo);
  std::string target = need_commit(git, revision);  // before the name: clients ask for its code
  const std::string ref = tag_ref(name);
  const auto turn = wait_for_turn(hub, repo, ref);
  if (git.ref_target(ref)) throw already_exists(ref);
  need_free_path(git, ref);
  const auto guard = ObjectGuard::shared(hub.folder.root());  // from the look to the moved ref
  need_objects_of(hub, repo, git, target);
  if (const auto message = optional_text(body, "message"); message && !message->empty()) {
    git::ObjectIntake intake(git, hub.folder);
    const auto tagger = signature_of(hub, by.user.name);
    target = git::to_hex(intake.write_tag(name, target, *message, *tagger));
    intake.keep();
  }
  if (!git.move_ref(ref, "", target, "tag: created by API")) throw already_exists(ref);
  note_change(hub, repo, ref_event(events::kTagCreated, by.user, repo, ref, target));
  return json_response(json::object());
}

HttpResponse delete_tag(HubState& hub, const RepoRow& repo, const Account& user,
                        const std::string& name) {
  const std::string ref = "refs/tags/" + name;
  const auto turn = wait_for_turn(hub, repo, ref);
  git::Repository git = hub.open(repo);
  const auto tip = git.ref_target(ref);
  if (!tip) refuse_revision(name);
  git.delete_ref(ref);
  note_change(hub, repo, ref_event(events::kTagDeleted, user, repo, ref, *tip));
  return json_response(json::object());
}

HttpResponse squash(HubState& hub, const RepoRow& repo, const Account& user,
                    const std::string& revision, const json& body) {
  const std::string ref = need_branch_or_request(hub.open(repo), revision);
  const std::string asked = optional_text(body, "message").value_or("");
  const std::string message =
      asked.empty() ? fmt::format("Super-squash branch '{}'", revision) : asked;
  const std::string commit = squash_branch(hub, repo, ref, message, user);
  note_commits(hub, repo, ref, user.id);
  return json_response({{"commitOid", commit}});
}

}  // namespace

void add_ref_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/{type}/{repo}/refs",
             [&hub](const HttpRequest& request) { return refs(hub, request); });
  router.add("GET", "/api/{type}/{repo}/commits/{rev}",
             [&hub](const HttpRequest& request) { return commits(hub, request); });
  router.add("POST", "/api/{type}/{repo}/branch/{path...}", [&hub](const HttpRequest& request) {
    const std::string name = request.capture("path");
    return read_optional_json([&hub, by = Gate(hub).writer(request), name](const json& body) {
      return create_branch(hub, by, name, body);
    });
  });
  router.add("DELETE", "/api/{type}/{repo}/branch/{path...}", [&hub](const HttpRequest& request) {
    const auto [repo, user] = Gate(hub).writer(request);
    return delete_branch(hub, repo, user, request.capture("path"));
  });
  router.add("POST", "/api/{type}/{repo}/super-squash/{rev}", [&hub](const HttpRequest& request) {
    const std::string revision = request.capture("rev");
    const Changer who = changeable(hub, request, revision);
    return read_optional_json([&hub, who, revision](const json& body) {
      return squash(hub, who.repo, who.user, revision, body);
    });
  });
  router.add("POST", "/api/{type}/{repo}/tag/{rev}", [&hub](const HttpRequest& request) {
    const std::string revision = request.capture("rev");
    return read_json([&hub, by = Gate(hub).writer(request), revision](const json& body) {
      return create_tag(hub, by, revision, body);
    });
  });
  router.add("DELETE", "/api/{type}/{repo}/tag/{path...}", [&hub](const HttpRequest& request) {
    const auto [repo, user] = Gate(hub).writer(request);
    return delete_tag(hub, repo, user, request.capture("path"));
  });
}

}  // namespace torchhub::server
