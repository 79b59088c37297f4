#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/paging.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/repo_event.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>

#include <string>

namespace torchhub::server {
namespace {

using nlohmann::json;

bool is_status(std::string_view word) {
  return word == "pending" || word == "accepted" || word == "rejected";
}

void need_gated(const RepoRow& repo) {
  if (repo.gated.empty()) {
    throw ApiError(400, fmt::format("'{}' is not gated: whoever may read it has its files.",
                                    repo.full_name()));
  }
}

HttpResponse list_requests(const HubState& hub, const HttpRequest& request) {
  constexpr std::size_t kPageSize = 1000;
  const RepoRow repo = Gate(hub).writable(request);
  need_gated(repo);
  const std::string& status = request.capture("status");
  if (!is_status(status)) throw ApiError(404, "The lists are pending, accepted and rejected.");
  const std::size_t page = query_number(request, "p", 0);
  auto found = hub.access_requests.list(repo.id, status, page * kPageSize, kPageSize + 1);
  const bool more = found.size() > kPageSize;
  if (more) found.pop_back();
  json out = json::array();
  for (const AccessRequest& item : found) {
    out.push_back({{"requestId", item.user_id},
                   {"user", {{"user", item.user}, {"fullname", item.fullname}, {"email", nullptr}}},
                   {"status", item.status},
                   {"timestamp", to_rfc3339(item.at)},
                   {"fields", json::parse(item.fields)}});
  }
  HttpResponse response = json_response(out);
  if (more) add_next_link(response, request, hub.base_url(request), "p", std::to_string(page + 1));
  return response;
}

/// By `user`, a name, or by the `requestId` of a list: since a user asks once, it is the user's own
/// id.
Account need_user(const HubState& hub, const json& body) {
  const auto request = optional_text(body, "requestId");
  const std::string name = request ? *request : need_text(body, "user");
  const auto user = request ? hub.accounts.by_id(*request) : hub.accounts.find(name);
  if (!user || user->is_organization) {
    throw ApiError(404, fmt::format("There is no user '{}'.", name));
  }
  return *user;
}

void note_decision(const HubState& hub, const Writer& by, const Account& user,
                   const std::string& status) {
  hub.events.note(repo_event(events::kAccessDecided, by.user, by.repo,
                             {{"user", user.name}, {"status", status}}));
}

HttpResponse set_status(HubState& hub, const Writer& by, const json& body,
                        const std::string& status) {
  const RepoRow& repo = by.repo;
  need_gated(repo);
  if (!is_status(status)) {
    throw ApiError(400, "'status' must be accepted, rejected or pending.");
  }
  const Account user = need_user(hub, body);
  const std::string now = hub.access_requests.status(repo.id, user.id);
  if (now.empty()) {
    throw ApiError(
        404, fmt::format("'{}' has not asked for access to '{}'.", user.name, repo.full_name()));
  }
  if (now == status) {
    throw ApiError(404, fmt::format("The request of '{}' is {} already.", user.name, status));
  }
  hub.access_requests.set_status(repo.id, user.id, status,
                                 optional_text(body, "rejectionReason").value_or(""));
  note_decision(hub, by, user, status);
  return json_response({{"user", user.name}, {"status", status}});
}

HttpResponse grant(HubState& hub, const Writer& by, const json& body) {
  const RepoRow& repo = by.repo;
  need_gated(repo);
  const Account user = need_user(hub, body);
  if (hub.access_requests.status(repo.id, user.id) == "accepted") {
    throw ApiError(400, fmt::format("'{}' has access already.", user.name));
  }
  hub.access_requests.set_status(repo.id, user.id, "accepted");
  note_decision(hub, by, user, "accepted");
  return json_response({{"user", user.name}, {"status", "accepted"}});
}

/// What the user filled in: a JSON object, or a form as pages send it.
std::string fields_of(const std::string& body, bool form) {
  if (body.empty()) return "{}";
  if (!form) return parse_json_object(body).dump();
  HttpRequest parsed;
  parse_target("?" + body, parsed);
  json fields = json::object();
  for (const auto& [name, value] : parsed.query) fields[name] = value;
  return fields.dump();
}

HttpResponse ask(HubState& hub, const RepoRow& repo, const Account& user,
                 const std::string& fields) {
  need_gated(repo);
  const bool at_once = repo.gated == "auto";
  hub.access_requests.add(
      repo.id, {.user_id = user.id, .status = at_once ? "accepted" : "pending", .fields = fields});
  std::string status = hub.access_requests.status(repo.id, user.id);
  if (at_once && status == "pending") {  // asked while somebody still looked at each
    hub.access_requests.set_status(repo.id, user.id, "accepted");
    status = "accepted";
  }
  return json_response({{"status", status}});
}

Answer start_asking(HubState& hub, const HttpRequest& request) {
  constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
  const Gate gate(hub);
  const Account user = gate.signed_in(request).user;
  const RepoRow repo = gate.readable(request);
  const bool form = request.header("Content-Type").starts_with("application/x-www-form");
  return read_body(kMaxBytes, [&hub, repo, user, form](const std::string& body) {
    return ask(hub, repo, user, fields_of(body, form));
  });
}

}  // namespace

void add_access_request_routes(Router& router, HubState& hub) {
  const std::string base = "/api/{type}/{repo}/user-access-request/";
  router.add("POST", base + "handle", [&hub](const HttpRequest& request) {
    return read_json([&hub, by = Gate(hub).writer(request)](const json& body) {
      return set_status(hub, by, body, need_text(body, "status"));
    });
  });
  router.add("POST", base + "cancel", [&hub](const HttpRequest& request) {
    return read_json([&hub, by = Gate(hub).writer(request)](const json& body) {
      return set_status(hub, by, body, "pending");
    });
  });
  router.add("POST", base + "grant", [&hub](const HttpRequest& request) {
    return read_json(
        [&hub, by = Gate(hub).writer(request)](const json& body) { return grant(hub, by, body); });
  });
  router.add("GET", base + "{status}",
             [&hub](const HttpRequest& request) { return list_requests(hub, request); });
  router.add("POST", "/{web}/{repo}/ask-access",
             [&hub](const HttpRequest& request) { return start_asking(hub, request); });
}

}  // namespace torchhub::server
