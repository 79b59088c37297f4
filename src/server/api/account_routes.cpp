#include "server/accounts/gate.h"
#include "server/api/routes.h"
#include "torchhub/base/timestamp.h"

#include <nlohmann/json.hpp>

namespace torchhub::server {
namespace {

using nlohmann::json;

json describe_organization(const std::string& base_url, const Membership& member) {
  const Account& organization = member.organization;
  return {{"type", "org"},
          {"id", organization.id},
          {"name", organization.name},
          {"fullname", organization.name},
          {"email", nullptr},
          {"canPay", false},
          {"periodEnd", nullptr},
          {"isEnterprise", false},
          {"avatarUrl", base_url + "/avatars/" + organization.name + ".svg"},
          {"roleInOrg", member.role}};
}

HttpResponse who_am_i(const HubState& hub, const HttpRequest& request) {
  const TokenOwner owner = Gate(hub).signed_in(request);
  const std::string base_url = hub.base_url(request);
  json organizations = json::array();
  for (const Membership& member : hub.accounts.memberships(owner.user)) {
    organizations.push_back(describe_organization(base_url, member));
  }
  return json_response({{"type", "user"},
                        {"id", owner.user.id},
                        {"name", owner.user.name},
                        {"fullname", owner.user.name},
                        {"email", nullptr},
                        {"emailVerified", true},
                        {"isPro", false},
                        {"canPay", false},
                        {"periodEnd", nullptr},
                        {"billingMode", "prepaid"},
                        {"avatarUrl", base_url + "/avatars/" + owner.user.name + ".svg"},
                        {"orgs", std::move(organizations)},
                        {"auth",
                         {{"type", "access_token"},
                          {"accessToken",
                           {{"displayName", owner.token_name},
                            {"role", to_string(owner.role)},
                            {"createdAt", to_rfc3339(owner.token_created)}}}}}});
}

}  // namespace

void add_account_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/whoami-v2",
             [&hub](const HttpRequest& request) { return who_am_i(hub, request); });
}

}  // namespace torchhub::server
