#include "bench/http_load.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace torchhub::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t content_length(std::string_view head) {
  const std::size_t at = head.find("Content-Length: ");
  return at == head.npos ? 0 : std::strtoull(head.data() + at + 16, nullptr, 10);
}

struct Client {
  int socket = -1;
  std::string received = {};
  Clock::time_point sent = {};
};

/// Has the whole answer come?
bool is_whole(const std::string& received, bool head_only) {
  const std::size_t end = received.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  return head_only || received.size() - end - 4 >= content_length(received);
}

}  // namespace

Url parse_url(const std::string& url) {
  const std::size_t start = url.find("://") + 3;
  const std::size_t slash = std::min(url.find('/', start), url.size());
  Url out{url.substr(start, slash - start)};
  out.path = slash < url.size() ? url.substr(slash) : "/";
  out.port = std::atoi(out.host.c_str() + out.host.rfind(':') + 1);
  return out;
}

int connect_to(const Url& url) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(url.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) std::exit(1);
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  return socket;
}

void send_all(int socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) std::exit(1);
    sent += static_cast<std::size_t>(count);
  }
}

std::size_t read_head(int socket, std::string& head, std::size_t& body) {
  std::array<char, 65536> room;
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = ::recv(socket, room.data(), room.size(), 0);
    if (count <= 0) std::exit(1);
    head.append(room.data(), static_cast<std::size_t>(count));
  }
  const std::size_t end = head.find("\r\n\r\n") + 4;
  body = head.size() - end;
  head.resize(end);
  return content_length(head);
}

double Load::at(double part) const {
  if (latencies_ms.empty()) return 0;
  const auto last = latencies_ms.size() - 1;
  return latencies_ms[static_cast<std::size_t>(part * static_cast<double>(last))];
}

Load run_load(const std::string& method, const std::string& url, int connections, double seconds,
              const std::vector<std::string>& headers) {
  const Url to = parse_url(url);
  std::string request = method + " " + to.path + " HTTP/1.1\r\nHost: " + to.host + "\r\n";
  for (const std::string& header : headers) request += header + "\r\n";
  request += "\r\n";
  const int poll = ::epoll_create1(0);
  std::vector<Client> clients(static_cast<std::size_t>(connections));
  for (Client& client : clients) {
    client.socket = connect_to(to);
    epoll_event event{EPOLLIN, {.ptr = &client}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, client.socket, &event);
  }
  Load load;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  for (Client& client : clients) {
    client.sent = Clock::now();
    send_all(client.socket, request);
  }
  std::array<epoll_event, 64> events;
  std::array<char, 65536> room;
  while (Clock::now() < end) {
    const int count = ::epoll_wait(poll, events.data(), events.size(), 100);
    for (int i = 0; i < count; ++i) {
      Client& client = *static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
      const ssize_t bytes = ::recv(client.socket, room.data(), room.size(), 0);
      if (bytes <= 0) std::exit(1);
      client.received.append(room.data(), static_cast<std::size_t>(bytes));
      if (!is_whole(client.received, method == "HEAD")) continue;
      const auto now = Clock::now();
      load.latencies_ms.push_back(
          std::chrono::duration<double, std::milli>(now - client.sent).count());
      load.not_2xx += client.received.compare(9, 1, "2") != 0 ? 1 : 0;
      client.received.clear();
      client.sent = now;
      send_all(client.socket, request);
    }
  }
  load.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  for (const Client& client : clients) ::close(client.socket);
  ::close(poll);
  std::sort(load.latencies_ms.begin(), load.latencies_ms.end());
  return load;
}

}  // namespace torchhub::bench
