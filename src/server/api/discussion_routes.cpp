#include "server/accounts/gate.h"
#include "server/api/discussion_json.h"
#include "server/api/json_body.h"
#include "server/api/paging.h"
#include "server/api/revision.h"
#include "server/api/routes.h"
#include "server/discussions/merge.h"
#include "server/discussions/pull_request.h"
#include "server/http/api_error.h"
#include "server/repos/repo_event.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// Somebody who may change things, and the discussion that the path names.
struct DiscussionPlace {
  RepoRow repo;
  Caller caller;
  Discussion discussion;

  const std::string& user() const { return caller.owner->user.id; }
};

Discussion need_discussion(const HubState& hub, const RepoRow& repo, const std::string& number) {
  std::int64_t num = 0;
  const char* end = number.data() + number.size();
  const auto result = std::from_chars(number.data(), end, num);
  if (result.ec == std::errc() && result.ptr == end) {
    if (auto found = hub.discussions.find(repo.id, num)) return *std::move(found);
  }
  throw ApiError(404, fmt::format("'{}' has no discussion {}.", repo.full_name(), number));
}

/// @throws ApiError 401, 403, 404 before any body is read
DiscussionPlace need_place(const HubState& hub, const HttpRequest& request) {
  const Gate gate(hub);
  Caller caller = gate.caller(request);
  RepoRow repo = gate.readable(caller, type_of(request), request.capture("repo"));
  gate.need_voice(caller, repo);
  Discussion discussion = need_discussion(hub, repo, request.capture("num"));
  return {std::move(repo), std::move(caller), std::move(discussion)};
}

bool may_write(const HubState& hub, const DiscussionPlace& place) {
  return Gate(hub).access(place.caller, place.repo) == Access::write;
}

void need_author_or_writer(const HubState& hub, const DiscussionPlace& place, const char* what) {
  if (place.discussion.author.id == place.user() || may_write(hub, place)) return;
  throw ApiError(403, fmt::format("Only its author, and who may write to '{}', may change the {} "
                                  "of a discussion.",
                                  place.repo.full_name(), what));
}

/// One of `words` in a query parameter; the empty word if it is missing.
std::string query_word(const HttpRequest& request, const char* name,
                       std::initializer_list<std::string_view> words) {
  const std::string word = request.query_value(name).value_or("");
  if (word.empty() || std::find(words.begin(), words.end(), word) != words.end()) return word;
  throw ApiError(400, fmt::format("'{}' must be one of: {}.", name, fmt::join(words, ", ")));
}

DiscussionFilter filter_of(const HttpRequest& request) {
  DiscussionFilter filter{.author = request.query_value("author").value_or("")};
  const std::string type = query_word(request, "type", {"all", "discussion", "pull_request"});
  const std::string status = query_word(request, "status", {"all", "open", "closed"});
  if (!type.empty() && type != "all") filter.pull_requests = type == "pull_request";
  if (!status.empty() && status != "all") filter.open = status == "open";
  return filter;
}

HttpResponse list_discussions(const HubState& hub, const HttpRequest& request) {
  constexpr std::size_t kPage = 50;
  constexpr std::size_t kMaxPage = 1'000'000;
  const RepoRow repo = Gate(hub).readable(request);
  const std::size_t start = std::min(query_number(request, "p", 0), kMaxPage) * kPage;
  const DiscussionPage page = hub.discussions.list(repo.id, filter_of(request), start, kPage);
  json discussions = json::array();
  for (const Discussion& discussion : page.discussions) {
    discussions.push_back(describe(discussion, repo));
  }
  return json_response(
      {{"discussions", std::move(discussions)}, {"count", page.total}, {"start", start}});
}

/// Where it is to go, what is in its way, and on request what it changes.
void add_changes(const HubState& hub, const RepoRow& repo, const Discussion& request,
                 const HttpRequest& asked, json& out) {
  out["changes"] = {{"base", request.base}};
  if (!request.merge_commit.empty()) out["changes"]["mergeCommitId"] = request.merge_commit;
  out["filesWithConflicts"] = json::array();
  if (request.status == DiscussionStatus::open || request.status == DiscussionStatus::draft) {
    const PullRequestState state = state_of(hub, repo, request);
    out["filesWithConflicts"] = state.conflicts;
    if (state.ref_is_gone) out["filesWithConflicts"] = true;
  }
  // It shows what files hold; the talk about them is for whoever may see the repository.
  const Gate gate(hub);
  if (asked.query_flag("diff")) {
    out["diff"] =
        gate.may_have_contents(gate.caller(asked), repo) ? diff_of(hub, repo, request) : "";
  }
}

HttpResponse details(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub).readable(request);
  Discussion discussion = need_discussion(hub, repo, request.capture("num"));
  if (discussion.is_pull_request) discussion = note_commits(hub, repo, discussion, "");
  json out = describe(discussion, repo);
  out["events"] = json::array();
  for (const DiscussionEvent& event : hub.discussions.events(discussion)) {
    out["events"].push_back(describe(event));
  }
  if (discussion.is_pull_request) add_changes(hub, repo, discussion, request, out);
  return json_response(out);
}

/// A pull request without changes yet, against the default branch.
std::int64_t open_draft(HubState& hub, const RepoRow& repo, const Account& author,
                        const NewDiscussion& wanted) {
  const git::Repository git = hub.open(repo);
  const std::string base = need_branch(git, "HEAD");
  const std::string tip = need_commit(git, base);
  return open_pull_request(hub, repo,
                           {.title = wanted.title,
                            .description = wanted.description,
                            .base = base,
                            .start = tip,
                            .head = tip,
                            .draft = true},
                           author);
}

HttpResponse create(HubState& hub, const RepoRow& repo, const TokenOwner& author,
                    const std::string& url, const json& body) {
  const std::string title = need_title(body);
  const std::string description = optional_comment(body, "description");
  const bool is_request = optional_flag(body, "pullRequest").value_or(false);
  const std::int64_t num =
      is_request ? open_draft(hub, repo, author.user, {title, description})
                 : hub.discussions.open_discussion(repo.id, {title, description}, author.user.id);
  json out = describe(hub.discussions.find(repo.id, num).value(), repo);
  out["url"] = fmt::format("{}/discussions/{}", url, num);
  return json_response(out);
}

Answer start_create(HubState& hub, const HttpRequest& request) {
  const Gate gate(hub);
  const Caller caller = gate.caller(request);
  const RepoRow repo = gate.readable(caller, type_of(request), request.capture("repo"));
  const TokenOwner author = gate.need_voice(caller, repo);
  const std::string url = hub.web_url(request, repo);
  return read_json(
      [&hub, repo, author, url](const json& body) { return create(hub, repo, author, url, body); });
}

HttpResponse comment(HubState& hub, const DiscussionPlace& place, const json& body) {
  const DiscussionEvent event =
      hub.discussions.add_comment(place.discussion, place.user(), need_comment(body, "comment"));
  return json_response({{"newMessage", describe(event)}});
}

HttpResponse retitle(HubState& hub, const DiscussionPlace& place, const json& body) {
  need_author_or_writer(hub, place, "title");
  const DiscussionEvent event =
      hub.discussions.change_title(place.discussion, place.user(), need_title(body));
  return json_response({{"newTitle", describe(event)}});
}

/// Of a pull request; talk is no business of the log.
std::optional<NewEvent> status_event(const DiscussionPlace& place, bool opens) {
  if (!place.discussion.is_pull_request) return std::nullopt;
  return repo_event(opens ? events::kPullRequestReopened : events::kPullRequestClosed,
                    place.caller.owner->user, place.repo, {{"num", place.discussion.num}});
}

HttpResponse change_status(HubState& hub, const DiscussionPlace& place, const json& body) {
  need_author_or_writer(hub, place, "status");
  const std::string word = need_text(body, "status");
  if (word != "open" && word != "closed") {
    throw ApiError(400, "'status' must be open or closed.");
  }
  const std::string reason = optional_comment(body, "reason");
  const std::string text = optional_comment(body, "comment");
  // No commit and no merge is half-way while it changes.
  const auto turn = hub.queue.wait(place.repo.id, place.discussion.ref());
  const auto now = hub.discussions.find(place.repo.id, place.discussion.num);
  if (now && !now->merging.empty()) settle_merge(hub, hub.open(place.repo), *now);
  const DiscussionEvent event = hub.discussions.change_status(
      place.discussion, word == "open" ? DiscussionStatus::open : DiscussionStatus::closed,
      place.user(), reason, text, status_event(place, word == "open"));
  return json_response({{"newStatus", describe(event)}});
}

HttpResponse merge(HubState& hub, const DiscussionPlace& place, const json& body) {
  merge_pull_request(hub, place.repo, place.discussion.num, place.caller.owner->user,
                     optional_comment(body, "comment"));
  return json_response(json::object());
}

HttpResponse edit_comment(HubState& hub, const DiscussionPlace& place, const std::string& id,
                          const json& body) {
  const DiscussionEvent event = hub.discussions.edit_comment(place.discussion, id, place.user(),
                                                             need_comment(body, "content"));
  return json_response({{"updatedComment", describe(event)}});
}

HttpResponse hide_comment(HubState& hub, const DiscussionPlace& place, const std::string& id) {
  const bool own = hub.discussions.comment(place.discussion, id).author.id == place.user();
  if (!own && !may_write(hub, place)) {
    throw ApiError(403, fmt::format("Only its author, and who may write to '{}', may hide a "
                                    "comment.",
                                    place.repo.full_name()));
  }
  const DiscussionEvent event = hub.discussions.hide_comment(place.discussion, id);
  return json_response({{"updatedComment", describe(event)}});
}

}  // namespace

void add_discussion_routes(Router& router, HubState& hub) {
  const std::string all = "/api/{type}/{repo}/discussions";
  const std::string one = all + "/{num}";
  router.add("GET", all,
             [&hub](const HttpRequest& request) { return list_discussions(hub, request); });
  router.add("POST", all,
             [&hub](const HttpRequest& request) { return start_create(hub, request); });
  router.add("GET", one, [&hub](const HttpRequest& request) { return details(hub, request); });

  using Change = HttpResponse (*)(HubState&, const DiscussionPlace&, const json&);
  const auto add = [&](const char* word, Change change) {
    router.add("POST", one + word, [&hub, change](const HttpRequest& request) {
      const DiscussionPlace place = need_place(hub, request);
      return read_json(
          [&hub, change, place](const json& body) { return change(hub, place, body); });
    });
  };
  add("/comment", comment);
  add("/title", retitle);
  add("/status", change_status);
  router.add("POST", one + "/merge", [&hub](const HttpRequest& request) {
    const DiscussionPlace place = need_place(hub, request);
    Gate(hub).need_write(place.caller, place.repo);
    return read_optional_json([&hub, place](const json& body) { return merge(hub, place, body); });
  });
  router.add("POST", one + "/comment/{event}/edit", [&hub](const HttpRequest& request) {
    const DiscussionPlace place = need_place(hub, request);
    const std::string id = request.capture("event");
    return read_json(
        [&hub, place, id](const json& body) { return edit_comment(hub, place, id, body); });
  });
  router.add("POST", one + "/comment/{event}/hide", [&hub](const HttpRequest& request) {
    const DiscussionPlace place = need_place(hub, request);
    const std::string id = request.capture("event");
    return read_optional_json(
        [&hub, place, id](const json&) { return hide_comment(hub, place, id); });
  });
}

}  // namespace torchhub::server
