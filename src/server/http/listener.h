#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace torchhub::server {

/// A listening socket.
class Listener {
 public:
  /// @param address "HOST:PORT" or "[v6]:PORT", where port 0 takes a free one; or "unix:PATH"
  /// @throws ListenError, InvalidArgumentError if the address cannot be read
  explicit Listener(std::string_view address);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int descriptor() const { return descriptor_; }
  /// The caller closes it from now on.
  int release();
  /// 0 for a Unix socket.
  std::uint16_t port() const { return port_; }
  /// "http://127.0.0.1:40123"; not to be called of a Unix socket
  std::string url(std::string_view scheme = "http") const;
  /// As url(), or "unix:PATH".
  std::string place(std::string_view scheme = "http") const;
  bool is_unix() const { return !path_.empty(); }
  /// Only this machine can reach it.
  bool is_loopback() const { return loopback_; }
  /// It takes every address of the machine (0.0.0.0, [::]), so url() is no place for clients.
  bool is_wildcard() const { return wildcard_; }

 private:
  void listen_on_port(std::string_view address);

  int descriptor_ = -1;
  std::filesystem::path path_ = {};  ///< Of a Unix socket; goes away with this.
  std::string host_;                 ///< As given; brackets kept.
  std::uint16_t port_ = 0;
  bool loopback_ = false;
  bool wildcard_ = false;
};

}  // namespace torchhub::server
