#include "server/accounts/gate.h"
#include "server/api/json_body.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/repos/card_checks.h"

#include <fmt/format.h>

namespace torchhub::server {
namespace {

using nlohmann::json;

json messages(const std::vector<std::string>& texts) {
  json out = json::array();
  for (const std::string& text : texts) out.push_back({{"message", text}});
  return out;
}

/// Whoever found tokens that leaked ends them. What holds a token may use it for worse, so it needs
/// no other right; and the answer says nothing of which ones there were.
HttpResponse revoke(HubState& hub, const json& body) {
  constexpr std::size_t kMost = 1000;
  const json credentials = body.value("credentials", json());
  if (!credentials.is_array() || credentials.empty() || credentials.size() > kMost) {
    throw ApiError(400, fmt::format("'credentials' must be a list of 1 to {} tokens.", kMost));
  }
  for (const json& credential : credentials) {
    if (!credential.is_string()) throw ApiError(400, "'credentials' must be a list of texts.");
  }
  for (const json& credential : credentials) {
    hub.tokens.revoke_value(credential.get_ref<const std::string&>());
  }
  return json_response(json::object(), 202);
}

}  // namespace

void add_service_routes(Router& router, HubState& hub) {
  router.add("POST", "/api/credentials/revoke", [&hub](const HttpRequest& request) {
    Gate(hub).caller(request);
    return read_json([&hub](const json& body) { return revoke(hub, body); });
  });
  router.add("POST", "/api/validate-yaml", [&hub](const HttpRequest& request) {
    Gate(hub).caller(request);
    return read_json([](const json& body) {
      const RepoType type = parse_repo_type(optional_text(body, "repoType").value_or("model"));
      const CardFindings found = check_card(need_text(body, "content"), type);
      return json_response(
          {{"errors", messages(found.errors)}, {"warnings", messages(found.warnings)}},
          found.errors.empty() ? 200 : 400);
    });
  });
  router.add("GET", "/api/telemetry/{path...}", [&hub](const HttpRequest& request) {
    Gate(hub).caller(request);
    return text_response("");
  });
  // The `hf` command asks at each start; a quick answer is all that matters.
  router.add("GET", "/api/agent-harnesses", [&hub](const HttpRequest& request) {
    Gate(hub).caller(request);
    return json_response(json::object());
  });
}

}  // namespace torchhub::server
