#pragma once

#include "server/http/http_options.h"
#include "server/http/stream.h"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace torchhub::server {

/// Writes to one client for as long as it takes `min_answer_bytes` in each window. Only time spent
/// on waiting for the client counts, not that in which an answer is made.
class PacedWriter {
 public:
  /// Both must outlive it.
  PacedWriter(Stream& stream, const HttpOptions& options) : stream_(stream), options_(options) {}

  /// Sets the stream's write timeout. Before the first byte.
  void begin() { stream_.set_write_timeout(options_.answer_window); }
  /// All of it. @param more as in Stream @throws ConnectionTimedOut, ConnectionLost
  void write(std::string_view bytes, bool more);
  /// Some of a file. @return how many bytes @throws as write
  std::size_t send_some(const OpenFile& file, std::uint64_t offset, std::uint64_t size);

 private:
  using Time = std::chrono::steady_clock::time_point;
  void count(std::size_t bytes, Time start);

  Stream& stream_;
  const HttpOptions& options_;
  std::uint64_t written_ = 0;
  std::uint64_t taken_ = 0;                        ///< By the client, when the window began.
  std::chrono::steady_clock::duration waited_{0};  ///< Of the window.
};

}  // namespace torchhub::server
