#include "server/accounts/gate.h"
#include "server/api/card_checks.h"
#include "server/api/json_body.h"
#include "server/api/routes.h"

namespace torchhub::server {
namespace {

using nlohmann::json;

}  // namespace

void add_service_routes(Router& router, HubState& hub) {
  router.add("POST", "/api/validate-yaml", [&hub](const HttpRequest& request) {
    Gate(hub).caller(request);
    return read_json([](const json& body) {
      const auto problem = problem_of_card(need_text(body, "content"));
      if (!problem) return json_response({{"errors", json::array()}, {"warnings", json::array()}});
      return json_response(
          {{"errors", json::array({json{{"message", *problem}}})}, {"warnings", json::array()}},
          400);
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
