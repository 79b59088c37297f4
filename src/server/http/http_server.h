#pragma once

#include "server/http/http_options.h"
#include "server/http/listener.h"
#include "server/http/request_handler.h"
#include "server/http/tls.h"

#include <chrono>
#include <memory>
#include <stop_token>
#include <vector>

namespace torchhub::server {

/// HTTP/1.1 on a thread for each connection, so that a handler may wait for a disk, a lock or a git
/// process and nobody else notices (docs/decisions says what that costs).
class HttpServer {
 public:
  /// Takes the socket over and answers from now on. `handler` and `tls` must outlive this.
  /// @param tls null for plain HTTP
  /// @throws ListenError
  HttpServer(Listener& listener, HttpOptions options, RequestHandler& handler,
             const TlsContext* tls = nullptr);
  /// The same for several sockets. Those that only this machine can reach have no limit for each
  /// address.
  HttpServer(const std::vector<std::unique_ptr<Listener>>& listeners, HttpOptions options,
             RequestHandler& handler, const TlsContext* tls = nullptr);
  /// Cuts off what is under way.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Accepts no new connection and ends those that wait for a request; answers from now on say
  /// "Connection: close".
  void quiesce();
  /// Waits until no request is under way: uploads for `upload_grace`, all others for `grace`, and
  /// no longer once `stop` is requested. @return false if some still were
  bool wait_until_idle(std::chrono::milliseconds grace, std::chrono::milliseconds upload_grace,
                       std::stop_token stop);

  /// How many connections are open now.
  unsigned connections() const;
  /// Of the requests under way now, those that send a body.
  unsigned uploads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace torchhub::server
