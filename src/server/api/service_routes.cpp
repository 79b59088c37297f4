#include "server/accounts/gate.h"
#include "server/api/card_checks.h"
#include "server/api/json_body.h"
#include "server/api/routes.h"

namespace torchhub::server {
namespace {

using nlohmann::json;

json messages(const std::vector<std::string>& texts) {
  json out = json::array();
  for (const std::string& text : texts) out.push_back({{"message", text}});
  return out;
}

}  // namespace

void add_service_routes(Router& router, HubState& hub) {
  router.add("POST", "/api/validate-yaml", [&hub](const HttpRequest& request) {
    Gate(hub).caller(request);
    return read_json([](const json& body) {
      const CardFindings found = check_card(need_text(body, "content"));
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
