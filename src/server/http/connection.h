#pragma once

#include "server/http/answer_writer.h"
#include "server/http/http_options.h"
#include "server/http/paced_writer.h"
#include "server/http/request_handler.h"
#include "server/http/request_reader.h"
#include "server/http/stream.h"

#include <cstddef>
#include <span>
#include <string>

namespace torchhub::server {

/// Is told what a connection does, so that a stop can wait for requests and end the others.
class ConnectionWatch {
 public:
  virtual ~ConnectionWatch() = default;
  /// @return false if the server closes: no further request then
  virtual bool waits_for_request() = 0;
  virtual void request_begins() = 0;
  virtual void upload_begins() = 0;
  virtual void request_ends(bool was_upload) = 0;
  /// Answers say "Connection: close" from now on.
  virtual bool is_closing() const = 0;
};

/// One client's connection from its first byte to its last: requests one after another, each with
/// its answer.
class ClientConnection {
 public:
  /// All must outlive this. @param address of the client, without its port
  ClientConnection(int descriptor, Stream& stream, std::string address, const HttpOptions& options,
                   RequestHandler& handler, ConnectionWatch& watch);
  /// Returns when the connection is to be closed. Never throws.
  void run();

 private:
  struct Exchange;

  bool serve_one();
  void receive(Exchange& exchange);
  void take_body(Exchange& exchange, BodyConsumer& consumer);
  bool next_piece(Exchange& exchange, std::span<const std::byte>& bytes);
  /// What is left of a body that nobody wants. @return false if it is too much
  bool drain(Exchange& exchange);
  void answer(Exchange& exchange);
  void linger();

  int descriptor_;
  Stream& stream_;
  std::string address_;
  const HttpOptions& options_;
  RequestHandler& handler_;
  ConnectionWatch& watch_;
  RequestReader reader_;
  PacedWriter writer_;
};

}  // namespace torchhub::server
