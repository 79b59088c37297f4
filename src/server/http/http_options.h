#pragma once

#include <chrono>
#include <cstddef>

namespace torchhub::server {

/// What a client may take of us before it is answered with a refusal, or left.
struct HttpOptions {
  unsigned max_connections = 1024;
  unsigned max_connections_per_address = 0;  ///< 0: no limit.

  std::size_t max_request_line_bytes = std::size_t{8} << 10;  ///< Else 414.
  std::size_t max_head_bytes = std::size_t{32} << 10;         ///< Line and headers; else 431.
  std::size_t max_header_lines = 100;                         ///< Else 431.

  /// How long a connection may wait between two requests.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(120);
  /// From a head's first byte to its last, however the bytes drip; and how long a new connection
  /// may say nothing. Else 408.
  std::chrono::milliseconds head_timeout = std::chrono::seconds(10);
  /// A body must bring `min_body_bytes` in each window of this length. Else 408.
  std::chrono::milliseconds body_window = std::chrono::seconds(30);
  std::size_t min_body_bytes = std::size_t{30} << 10;
  /// A client must take `min_answer_bytes` in each window of this length that we wait for it to
  /// take some. Else its connection is cut. As fast as bodies must come, with longer pauses: a
  /// client may work on what it has.
  std::chrono::milliseconds answer_window = std::chrono::seconds(120);
  std::size_t min_answer_bytes = std::size_t{120} << 10;
  /// How long a connection whose body was refused is still read after the answer; and for how long
  /// it may say nothing before that.
  std::chrono::milliseconds linger_time = std::chrono::seconds(2);
};

}  // namespace torchhub::server
