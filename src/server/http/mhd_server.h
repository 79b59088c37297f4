#pragma once

#include "server/http/listener.h"
#include "server/http/request.h"
#include "server/http/response.h"

#include <chrono>
#include <memory>
#include <stop_token>

namespace torchhub::server {

struct MhdOptions {
  unsigned max_connections = 1024;
  unsigned max_connections_per_address = 0;  ///< 0: no limit.
  std::chrono::seconds idle_timeout = std::chrono::seconds(120);
  /// How long a new connection may say nothing in its first head, where has_head_timeout(); else it
  /// is treated as an idle one.
  std::chrono::seconds first_head_timeout = std::chrono::seconds(10);
  /// How long a connection whose body was refused is still read after the answer.
  std::chrono::milliseconds linger_time = std::chrono::seconds(2);
};

/// Decides on requests. Called on the connection's thread.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// Fills what is missing in the request (its id), finds the route. Must not throw.
  virtual Answer begin(HttpRequest& request) = 0;
  /// The response for an exception out of a BodyConsumer. Must not throw.
  virtual HttpResponse failed(const HttpRequest& request, const std::exception& error) = 0;
  /// Headers that every answer gets.
  virtual void decorate(const HttpRequest& request, HttpResponse& response) = 0;
};

/// HTTP/1.1 through libmicrohttpd: one thread a connection, so that a handler may wait for a disk,
/// a lock or a git process and nobody else notices (docs/decisions says what that costs).
class MhdServer {
 public:
  /// Takes the socket over and answers from now on. `handler` must outlive this.
  /// @throws ListenError
  MhdServer(Listener& listener, MhdOptions options, RequestHandler& handler);
  /// Cuts off what is under way.
  ~MhdServer();
  MhdServer(const MhdServer&) = delete;
  MhdServer& operator=(const MhdServer&) = delete;

  /// Can a connection have a time of its own? Not with libmicrohttpd 1.0 and a thread each.
  static bool has_head_timeout();

  /// Accepts no new connection; answers from now on say "Connection: close".
  void quiesce();
  /// Waits until no request is under way: uploads for `upload_grace`, all others for `grace`, and
  /// no longer once `stop` is requested. @return false if some still were
  bool wait_until_idle(std::chrono::milliseconds grace, std::chrono::milliseconds upload_grace,
                       std::stop_token stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub::server
