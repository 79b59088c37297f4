#pragma once

#include "server/http/http_server.h"
#include "server/http/router.h"
#include "server/hub_state.h"

#include <cstdint>

namespace torchhub::server {

/// /metrics, /healthz and /readyz on an address of their own, for who watches the server: no token,
/// no HTTPS, and none of the hub's connections taken.
class StatusServer final : public RequestHandler {
 public:
  /// Listens on ServerOptions::metrics_listen. @throws ListenError, InvalidArgumentError
  explicit StatusServer(HubState& hub);

  std::uint16_t port() const { return port_; }

  Answer begin(HttpRequest& request) override;
  HttpResponse failed(const HttpRequest& request, const std::exception& error) override;
  void decorate(const HttpRequest&, HttpResponse&) override {}
  void finished(const HttpRequest&, const ExchangeFacts&) override {}

 private:
  Router router_;
  Listener listener_;
  std::uint16_t port_;
  HttpServer http_;  // last member: its threads use the rest
};

}  // namespace torchhub::server
