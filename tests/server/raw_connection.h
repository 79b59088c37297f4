#pragma once

#include <string>
#include <string_view>

namespace torchhub::testing {

/// A TCP connection to a server on loopback, for what no proper client would send.
class RawConnection {
 public:
  /// @param base_url "http://127.0.0.1:PORT"
  /// @param room_bytes about what the kernel takes of what is not read yet; 0: what it likes
  explicit RawConnection(const std::string& base_url, int room_bytes = 0);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// False if nobody listens.
  bool connected() const { return socket_ >= 0; }
  /// @return false if the server has closed
  bool send(std::string_view bytes);
  struct Answer {
    std::string status = {};  ///< "200 OK"; empty if the connection ended first.
    std::string head = {};
    std::string body = {};
  };
  /// @param to a HEAD request has no body whatever its head says
  enum class To { get, head };
  Answer read_answer(To to = To::get);
  /// Waits for some bytes. @return at most `most` of them; none if the server has closed
  std::string take(std::size_t most);
  /// Waits for the server to close. @return false if it sends something instead
  bool is_closed();

 private:
  bool fill();

  int socket_ = -1;
  std::string buffer_ = {};
};

}  // namespace torchhub::testing
