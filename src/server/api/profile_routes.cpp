#include "server/accounts/gate.h"
#include "server/api/account_description.h"
#include "server/api/paging.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "torchhub/base/timestamp.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace torchhub::server {
namespace {

using nlohmann::json;

enum class AccountKind { user, organization };

/// The account that the path names.
Account named_account(const HubState& hub, const HttpRequest& request, AccountKind kind) {
  const auto account = hub.accounts.find(request.capture("account"));
  if (account && account->is_organization == (kind == AccountKind::organization)) return *account;
  throw ApiError(404, kind == AccountKind::user ? "User not found" : "Organization not found");
}

/// How many repositories of the account the caller may see: a count of the others would give away
/// that they are there.
void add_repository_counts(json& out, const HubState& hub, const Caller& caller,
                           const Account& account) {
  const Gate gate(hub);
  const auto count = [&](RepoType type) {
    const auto repos = hub.repos.of_owner(type, account.id);
    return std::count_if(repos.begin(), repos.end(), [&](const RepoRow& repo) {
      return gate.access(caller, repo) != Access::none;
    });
  };
  out["numModels"] = count(RepoType::model);
  out["numDatasets"] = count(RepoType::dataset);
  out["numSpaces"] = count(RepoType::space);
}

HttpResponse user_overview(const HubState& hub, const HttpRequest& request) {
  const Caller caller = Gate(hub).caller(request);
  const Account user = named_account(hub, request, AccountKind::user);
  const std::string base_url = hub.base_url(request);
  json out = describe_user(base_url, user);
  out["createdAt"] = to_rfc3339(user.created);
  out["orgs"] = json::array();
  for (const Membership& member : hub.accounts.memberships(user)) {
    out["orgs"].push_back(describe_organization(base_url, member.organization));
  }
  for (const char* field :
       {"numDiscussions", "numPapers", "numUpvotes", "numLikes", "numFollowing", "numFollowers"}) {
    out[field] = 0;
  }
  out["isFollowing"] = false;
  add_repository_counts(out, hub, caller, user);
  return json_response(out);
}

HttpResponse organization_overview(const HubState& hub, const HttpRequest& request) {
  const Caller caller = Gate(hub).caller(request);
  const Account organization = named_account(hub, request, AccountKind::organization);
  json out = describe_organization(hub.base_url(request), organization);
  out["createdAt"] = to_rfc3339(organization.created);
  out["numUsers"] = hub.accounts.count_members(organization);
  out["numFollowers"] = 0;
  out["numPapers"] = 0;
  out["isVerified"] = false;
  out["isFollowing"] = false;
  add_repository_counts(out, hub, caller, organization);
  return json_response(out);
}

HttpResponse members(const HubState& hub, const HttpRequest& request) {
  Gate(hub).caller(request);
  const Account organization = named_account(hub, request, AccountKind::organization);
  constexpr std::size_t kPageSize = 1000;
  Page page{query_number(request, "cursor", 0), query_number(request, "limit", kPageSize)};
  page.limit = std::clamp(page.limit, std::size_t{1}, kPageSize);
  const std::string base_url = hub.base_url(request);
  json out = json::array();
  for (const Member& member : hub.accounts.members(organization, page)) {
    out.push_back(describe_user(base_url, member.user));
    out.back()["role"] = member.role;
  }
  const bool full = out.size() == page.limit;
  HttpResponse response = json_response(out);
  const std::size_t next = page.skip + page.limit;
  if (full && hub.accounts.count_members(organization) > next) {
    add_next_link(response, request, base_url, "cursor", std::to_string(next));
  }
  return response;
}

}  // namespace

void add_profile_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/users/{account}/overview",
             [&hub](const HttpRequest& request) { return user_overview(hub, request); });
  router.add("GET", "/api/organizations/{account}/overview",
             [&hub](const HttpRequest& request) { return organization_overview(hub, request); });
  router.add("GET", "/api/organizations/{account}/members",
             [&hub](const HttpRequest& request) { return members(hub, request); });
  // Nobody follows anybody here.
  const auto nobody = [&hub](AccountKind kind) {
    return [&hub, kind](const HttpRequest& request) {
      Gate(hub).caller(request);
      named_account(hub, request, kind);
      return json_response(json::array());
    };
  };
  router.add("GET", "/api/users/{account}/followers", nobody(AccountKind::user));
  router.add("GET", "/api/users/{account}/following", nobody(AccountKind::user));
  router.add("GET", "/api/organizations/{account}/followers", nobody(AccountKind::organization));
}

}  // namespace torchhub::server
