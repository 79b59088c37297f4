#pragma once

#include "server/http/request_handler.h"
#include "server/http/router.h"
#include "server/hub_state.h"

namespace torchhub::server {

/// Finds the handler of each request, turns exceptions into answers, marks every answer.
class Dispatcher final : public RequestHandler {
 public:
  explicit Dispatcher(HubState& hub);

  Answer begin(HttpRequest& request) override;
  HttpResponse failed(const HttpRequest& request, const std::exception& error) override;
  void decorate(const HttpRequest& request, HttpResponse& response) override;
  void finished(const HttpRequest& request, const ExchangeFacts& facts) override;

  const Router& router() const { return router_; }

 private:
  HubState& hub_;
  Router router_;
};

}  // namespace torchhub::server
