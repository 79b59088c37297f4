#include "server/raw_connection.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace torchhub::testing {

RawConnection::RawConnection(const std::string& base_url, int room_bytes) {
  const int port = std::atoi(base_url.c_str() + base_url.rfind(':') + 1);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (room_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &room_bytes, sizeof(room_bytes));
    const int packet =
        1000;  // the server's kernel keeps so many packets, and loopback has large ones
    ::setsockopt(socket_, IPPROTO_TCP, TCP_MAXSEG, &packet, sizeof(packet));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return;
  ::close(socket_);
  socket_ = -1;
}

RawConnection::~RawConnection() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool RawConnection::fill() {
  std::array<char, 1 << 16> room;
  const ssize_t count = ::recv(socket_, room.data(), room.size(), 0);
  if (count <= 0) return false;
  buffer_.append(room.data(), static_cast<std::size_t>(count));
  return true;
}

RawConnection::Answer RawConnection::read_answer(To to) {
  Answer answer;
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    if (!fill()) return answer;
  }
  const std::size_t end = buffer_.find("\r\n\r\n") + 4;
  answer.head = buffer_.substr(0, end);
  buffer_.erase(0, end);
  answer.status = answer.head.substr(9, answer.head.find('\r') - 9);
  const std::size_t length = answer.head.find("Content-Length: ");
  if (to == To::head || length == std::string::npos) return answer;
  const auto size = static_cast<std::size_t>(std::atoll(answer.head.c_str() + length + 16));
  while (buffer_.size() < size && fill()) {
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, std::min(size, buffer_.size()));
  return answer;
}

std::string RawConnection::take(std::size_t most) {
  std::string bytes(most, '\0');
  const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

bool RawConnection::is_closed() { return buffer_.empty() && !fill(); }

}  // namespace torchhub::testing
