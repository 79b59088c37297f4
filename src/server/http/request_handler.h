#pragma once

#include "server/http/request.h"
#include "server/http/response.h"

#include <chrono>
#include <cstdint>
#include <exception>

namespace torchhub::server {

/// How a request went, once its answer is out or its connection lost.
struct ExchangeFacts {
  int status = 0;               ///< 0: the connection was lost before there was an answer.
  std::uint64_t bytes_in = 0;   ///< Of the body.
  std::uint64_t bytes_out = 0;  ///< Of the answer's body.
  std::chrono::microseconds duration = {};
};

/// Decides on requests. Called on the connection's thread, by many at once. Nothing may throw.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// Fills what is missing in the request (its id), finds the route.
  virtual Answer begin(HttpRequest& request) = 0;
  /// The response for an exception out of a BodyConsumer, or for a request that is no HTTP.
  virtual HttpResponse failed(const HttpRequest& request, const std::exception& error) = 0;
  /// Headers that every answer gets.
  virtual void decorate(const HttpRequest& request, HttpResponse& response) = 0;
  virtual void finished(const HttpRequest& request, const ExchangeFacts& facts) = 0;
};

}  // namespace torchhub::server
