#pragma once

#include "server/http/http_options.h"
#include "server/http/request.h"
#include "server/http/stream.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace torchhub::server {

/// Reads the requests of one connection, and refuses whatever two programs could read in two ways
/// (RFC 9112 sections 2.2, 5.2, 6.3): a bare line feed, a folded header, two lengths.
class RequestReader {
 public:
  RequestReader(Stream& stream, const HttpOptions& options);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Waits for the first byte of a request. @return false if the client leaves, or says nothing
  bool wait(std::chrono::milliseconds timeout);
  /// Fills `request` as far as the bytes go. @throws ApiError 400, 408, 414, 431, 505, after which
  /// the connection must end; ConnectionLost
  void read_head(HttpRequest& request);
  bool keeps_alive() const;
  bool is_http_1_0() const;

  /// The next bytes of the body, valid until the next call; none at its end.
  /// @throws ApiError 400, 408, after which the connection must end; ConnectionLost
  std::span<const std::byte> read_body();
  /// From now on waits for no byte of this body longer than `patience`.
  void hurry(std::chrono::milliseconds patience);
  /// How many of them came so far.
  std::uint64_t body_bytes() const { return body_bytes_; }
  /// How many are still to come; nothing if the client does not say.
  std::optional<std::uint64_t> body_left() const;

 private:
  struct Parser;  // Boost.Beast's
  using Time = std::chrono::steady_clock::time_point;

  std::size_t fill_head(Time deadline);
  bool skip_empty_lines();
  void read_more_chunks();
  std::span<const std::byte> read_plain();
  std::span<const std::byte> read_chunked();
  std::size_t read_with_progress(std::span<char> room);

  Stream& stream_;
  const HttpOptions& options_;
  std::string buffer_ = {};  ///< Bytes that came and belong to nothing read so far.
  std::unique_ptr<Parser> parser_;
  std::string room_ = {};  ///< For bodies; empty between requests.
  std::uint64_t body_bytes_ = 0;
  std::optional<std::uint64_t> plain_left_ = std::nullopt;
  Time window_start_ = {};
  std::size_t window_bytes_ = 0;
};

}  // namespace torchhub::server
