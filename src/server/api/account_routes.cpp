#include "server/accounts/gate.h"
#include "server/api/card_summary.h"
#include "server/api/json_body.h"
#include "server/api/routes.h"
#include "torchhub/base/timestamp.h"

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

HttpResponse health(HubState& hub) {
  Statement probe = hub.database.lease()->prepare("SELECT 1");
  probe.step();
  return json_response({{"status", "ok"}});
}

}  // namespace

void add_account_routes(Router& router, HubState& hub) {
  router.add("GET", "/api/whoami-v2",
             [&hub](const HttpRequest& request) { return who_am_i(hub, request); });
  router.add("GET", "/healthz", [&hub](const HttpRequest&) { return health(hub); });
  router.add("POST", "/api/validate-yaml", [](const HttpRequest&) {
    return read_json([](const json& body) {
      const auto problem = problem_of_card(need_text(body, "content"));
      if (!problem) return json_response({{"errors", json::array()}, {"warnings", json::array()}});
      return json_response(
          {{"errors", json::array({json{{"message", *problem}}})}, {"warnings", json::array()}},
          400);
    });
  });
  router.add("GET", "/api/telemetry/{path...}",
             [](const HttpRequest&) { return text_response(""); });
  // The `hf` command asks at each start; a quick answer is all that matters.
  router.add("GET", "/api/agent-harnesses",
             [](const HttpRequest&) { return json_response(json::object()); });
}

}  // namespace torchhub::server
