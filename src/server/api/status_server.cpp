#include "server/api/status_server.h"

#include "server/api/routes.h"
#include "server/http/api_error.h"

#include <string>

namespace torchhub::server {
namespace {

constexpr unsigned kConnections = 16;

Router status_router(HubState& hub) {
  Router router;
  add_status_routes(router, hub, StatusFor::everybody);
  return router;
}

}  // namespace

StatusServer::StatusServer(HubState& hub)
    : router_(status_router(hub)),
      listener_(hub.options.metrics_listen),
      port_(listener_.port()),
      http_(listener_, {.max_connections = kConnections}, *this) {}

Answer StatusServer::begin(HttpRequest& request) {
  try {
    return router_.find(request)(request);
  } catch (const std::exception& error) {
    return failed(request, error);
  }
}

HttpResponse StatusServer::failed(const HttpRequest&, const std::exception& error) {
  const auto* api = dynamic_cast<const ApiError*>(&error);
  return text_response(std::string(error.what()) + "\n", api != nullptr ? api->status() : 500);
}

}  // namespace torchhub::server
