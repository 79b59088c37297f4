#include "server/accounts/gate.h"
#include "server/api/account_description.h"
#include "server/api/routes.h"
#include "torchhub/base/timestamp.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace torchhub::server {
namespace {

using nlohmann::json;

/// The caller's organisations; of a fine-grained token those that it may read.
json organizations_of(const HubState& hub, const std::string& base_url, const TokenOwner& owner) {
  json out = json::array();
  for (const Membership& member : hub.accounts.memberships(owner.user)) {
    const Account& organization = member.organization;
    if (owner.role == TokenRole::fine_grained &&
        !allows(owner.grants, organization.id, TokenPermission::org_read)) {
      continue;
    }
    json entry = describe_organization(base_url, organization);
    entry.erase("_id");
    entry.update({{"id", organization.id},
                  {"email", nullptr},
                  {"canPay", false},
                  {"periodEnd", nullptr},
                  {"roleInOrg", member.role}});
    out.push_back(std::move(entry));
  }
  return out;
}

/// The form that the Hub gives a fine-grained token's scopes; those of what is gone are left out.
json describe_grants(const HubState& hub, const std::vector<TokenGrant>& grants) {
  json scoped = json::array();
  for (const TokenGrant& grant : grants) {
    const auto name = hub.tokens.entity_of(grant);
    if (!name) continue;
    json permissions = json::array();
    for (TokenPermission permission : grant.permissions)
      permissions.push_back(to_string(permission));
    scoped.push_back({{"entity", {{"_id", grant.id}, {"type", grant.kind}, {"name", *name}}},
                      {"permissions", std::move(permissions)}});
  }
  return {{"canReadGatedRepos", false}, {"global", json::array()}, {"scoped", std::move(scoped)}};
}

json describe_token(const HubState& hub, const TokenOwner& owner) {
  json token{{"displayName", owner.token_name},
             {"role", to_string(owner.role)},
             {"createdAt", to_rfc3339(owner.token_created)}};
  if (owner.role == TokenRole::fine_grained) {
    token["fineGrained"] = describe_grants(hub, owner.grants);
  }
  json out{{"type", "access_token"}, {"accessToken", std::move(token)}};
  if (owner.expires) out["expiresAt"] = to_rfc3339(*owner.expires);
  return out;
}

HttpResponse who_am_i(const HubState& hub, const HttpRequest& request) {
  const TokenOwner owner = Gate(hub).signed_in(request);
  const Account& user = owner.user;
  const std::string base_url = hub.base_url(request);
  return json_response({{"type", "user"},
                        {"id", user.id},
                        {"name", user.name},
                        {"fullname", user.fullname},
                        {"email", user.email.empty() ? json(nullptr) : json(user.email)},
                        {"emailVerified", true},
                        {"isPro", false},
                        {"canPay", false},
                        {"periodEnd", nullptr},
                        {"billingMode", "prepaid"},
                        {"avatarUrl", avatar_url(base_url, user)},
                        {"orgs", organizations_of(hub, base_url, owner)},
                        {"auth", describe_token(hub, owner)}});
}

}  // namespace

void add_account_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/whoami-v2",
             [&hub](const HttpRequest& request) { return who_am_i(hub, request); });
}

}  // namespace torchhub::server
