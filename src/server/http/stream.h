#pragma once

#include "server/http/response.h"
#include "torchhub/base/error.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace torchhub::server {

/// The client is gone, or spoke in a way that ends its connection.
class ConnectionLost : public Error {
 public:
  using Error::Error;
};

/// The client said nothing, or took nothing, for as long as it may.
class ConnectionTimedOut : public ConnectionLost {
 public:
  using ConnectionLost::ConnectionLost;
};

/// The bytes from and to one client. Every call may wait; a shutdown(2) of the socket by another
/// thread ends the wait.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual void set_read_timeout(std::chrono::milliseconds timeout) = 0;
  virtual void set_write_timeout(std::chrono::milliseconds timeout) = 0;
  /// What has come, at least one byte; 0 if the client has ended its side.
  /// @throws ConnectionTimedOut, ConnectionLost
  virtual std::size_t read(std::span<char> room) = 0;
  /// The front of it, as far as it goes out. @param more something follows at once, so a packet of
  /// its own would be waste @return how many bytes; 0 if the client took nothing within the write
  /// timeout @throws ConnectionLost
  virtual std::size_t write_some(std::string_view bytes, bool more) = 0;
  /// The same with `size` bytes of a file. @throws ConnectionLost, also if the file ends early
  virtual std::size_t send_some(const OpenFile& file, std::uint64_t offset, std::size_t size) = 0;
  /// How much of what was written has not reached the client's machine.
  virtual std::uint64_t untaken() const = 0;
  /// Tells the client that nothing more comes. Never throws.
  virtual void end_writing() = 0;
};

/// Plain TCP. `descriptor` stays the caller's.
std::unique_ptr<Stream> plain_stream(int descriptor);

/// What lies in the socket's buffer and waits for the other side. @see Stream::untaken
std::uint64_t untaken_bytes(int descriptor);

/// Sets SO_RCVTIMEO or SO_SNDTIMEO; zero waits for ever.
void set_socket_timeout(int descriptor, int option, std::chrono::milliseconds timeout);

}  // namespace torchhub::server
