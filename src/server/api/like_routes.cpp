#include "server/accounts/gate.h"
#include "server/api/paging.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "torchhub/base/timestamp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>

namespace torchhub::server {
namespace {

using nlohmann::json;

constexpr std::size_t kLikesPerPage = 1000;

/// A user may like what is not the user's to write, but not with a token that gives less than all.
Account need_liker(const Gate& gate, const HttpRequest& request) {
  const TokenOwner owner = gate.signed_in(request);
  if (owner.role != TokenRole::write) {
    throw ApiError(403, fmt::format("Your token has the role '{}'; this needs a token with the "
                                    "role 'write'.",
                                    to_string(owner.role)));
  }
  return owner.user;
}

template <typename Item, typename Describe>
HttpResponse paged(const HubState& hub, const HttpRequest& request, std::vector<Item> items,
                   Describe describe) {
  const bool more = items.size() > kLikesPerPage;
  if (more) items.pop_back();
  json out = json::array();
  for (const Item& item : items) describe(item, out);
  HttpResponse response = json_response(out);
  if (more) {
    add_next_link(response, request, hub.base_url(request), "p",
                  std::to_string(query_number(request, "p", 0) + 1));
  }
  return response;
}

HttpResponse likers(const HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub).readable(request);
  const std::string base = hub.base_url(request);
  auto found =
      hub.likes.of_repo(repo.id, query_number(request, "p", 0) * kLikesPerPage, kLikesPerPage + 1);
  return paged(hub, request, std::move(found), [&](const Likes::Liker& liker, json& out) {
    out.push_back({{"user", liker.user},
                   {"fullname", liker.fullname},
                   {"type", "user"},
                   {"avatarUrl", base + "/avatars/" + liker.user + ".svg"},
                   {"likedAt", to_rfc3339(liker.at)}});
  });
}

HttpResponse liked_by(const HubState& hub, const HttpRequest& request) {
  const Gate gate(hub);
  const Caller caller = gate.caller(request);
  const std::string& name = request.capture("user");
  const auto user = hub.accounts.find(name);
  if (!user) throw ApiError(404, fmt::format("There is no user '{}'.", name));
  auto found =
      hub.likes.of_user(user->id, query_number(request, "p", 0) * kLikesPerPage, kLikesPerPage + 1);
  return paged(hub, request, std::move(found), [&](const Likes::Liked& liked, json& out) {
    if (gate.access(caller, liked.repo) == Access::none) return;
    out.push_back(
        {{"createdAt", to_rfc3339(liked.at)},
         {"repo", {{"name", liked.repo.full_name()}, {"type", to_string(liked.repo.type)}}}});
  });
}

}  // namespace

void add_like_routes(Router& router, HubState& hub) {
  router.add("POST", "/api/{type}/{repo}/like", [&hub](const HttpRequest& request) {
    const Account user = need_liker(Gate(hub), request);
    hub.likes.add(Gate(hub).readable(request).id, user.id);
    return json_response(json::object());
  });
  router.add("DELETE", "/api/{type}/{repo}/like", [&hub](const HttpRequest& request) {
    const Account user = need_liker(Gate(hub), request);
    hub.likes.remove(Gate(hub).readable(request).id, user.id);
    return json_response(json::object());
  });
  router.add("GET", "/api/{type}/{repo}/likers",
             [&hub](const HttpRequest& request) { return likers(hub, request); });
  router.add("GET", "/api/users/{user}/likes",
             [&hub](const HttpRequest& request) { return liked_by(hub, request); });
}

}  // namespace torchhub::server
