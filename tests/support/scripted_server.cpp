#include "support/scripted_server.h"

#include "support/loopback_socket.h"

#include <fmt/format.h>

#include <algorithm>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>

namespace torchhub::testing {
namespace {

/// Bytes of one connection, read as needed.
class Incoming {
 public:
  explicit Incoming(int socket) : socket_(socket) {}

  bool fill() {
    char chunk[65536];
    const ssize_t count = ::recv(socket_, chunk, sizeof chunk, 0);
    if (count <= 0) return false;
    bytes_.append(chunk, static_cast<std::size_t>(count));
    return true;
  }
  bool head(std::string& out) {
    std::size_t end = 0;
    while ((end = bytes_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return false;
    }
    out = take(end + 4);
    return true;
  }
  bool exactly(std::size_t count, std::string& out) {
    while (bytes_.size() < count) {
      if (!fill()) return false;
    }
    out = take(count);
    return true;
  }

 private:
  std::string take(std::size_t count) {
    std::string out = bytes_.substr(0, count);
    bytes_.erase(0, count);
    return out;
  }
  int socket_;
  std::string bytes_;
};

ReceivedRequest parse_head(std::string_view head) {
  ReceivedRequest request;
  const std::string_view line = head.substr(0, head.find("\r\n"));
  request.method = line.substr(0, line.find(' '));
  request.target = line.substr(request.method.size() + 1);
  request.target.resize(request.target.rfind(' '));
  for (std::size_t at = line.size() + 2; at + 2 < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::string_view field = head.substr(at, end - at);
    const std::size_t colon = field.find(':');
    if (colon != std::string_view::npos) {
      const std::size_t value = std::min(field.find_first_not_of(' ', colon + 1), field.size());
      request.headers.add(std::string(field.substr(0, colon)), std::string(field.substr(value)));
    }
    at = end + 2;
  }
  return request;
}

/// @return false if the connection must end
bool send_reply(int socket, const ScriptedReply& reply, bool head_only) {
  if (reply.cut_after == -1) return false;
  std::string head = fmt::format("HTTP/1.1 {} Scripted\r\n", reply.status);
  bool has_length = reply.status == 304;
  for (const auto& [name, value] : reply.headers) {
    head += name + ": " + value + "\r\n";
    has_length = has_length || name == "Content-Length";
  }
  if (!has_length) head += fmt::format("Content-Length: {}\r\n", reply.body.size());
  std::string_view body = head_only ? std::string_view() : std::string_view(reply.body);
  if (reply.cut_after >= 0) body = body.substr(0, static_cast<std::size_t>(reply.cut_after));
  return send_all(socket, head + "\r\n" + std::string(body)) && reply.cut_after < 0;
}

}  // namespace

ScriptedServer::ScriptedServer(Answer answer) : answer_(std::move(answer)) {
  std::tie(listener_, port_) = listen_on_loopback();
  acceptor_ = std::thread([this] { accept_loop(); });
}

ScriptedServer::ScriptedServer(std::initializer_list<ScriptedReply> list)
    : ScriptedServer(
          [replies = std::vector(list), next = std::size_t{0}](const ReceivedRequest&) mutable {
            return replies[std::min(next++, replies.size() - 1)];
          }) {}

ScriptedServer::~ScriptedServer() {
  std::vector<std::thread> threads;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  stopped_.notify_all();
  acceptor_.join();
  {
    const std::scoped_lock lock(mutex_);
    threads = std::move(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

std::string ScriptedServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

int ScriptedServer::connections() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<int>(sockets_.size());
}

std::vector<ReceivedRequest> ScriptedServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

std::vector<std::string> ScriptedServer::request_lines() const {
  std::vector<std::string> lines;
  for (const ReceivedRequest& request : requests()) {
    lines.push_back(request.method + " " + request.target);
  }
  return lines;
}

void ScriptedServer::accept_loop() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::scoped_lock lock(mutex_);
    if (socket < 0 || stopping_) {
      if (socket >= 0) ::close(socket);
      return;
    }
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number = static_cast<int>(sockets_.size())] {
      serve(socket, number);
      ::shutdown(socket, SHUT_RDWR);
    });
  }
}

void ScriptedServer::serve(int socket, int number) {
  Incoming incoming(socket);
  std::string head;
  while (incoming.head(head)) {
    ReceivedRequest request = parse_head(head);
    request.connection = number;
    if (request.headers.get("Expect")) send_all(socket, "HTTP/1.1 100 Continue\r\n\r\n");
    const std::string length = request.headers.get("Content-Length").value_or("0");
    if (!incoming.exactly(std::stoull(length), request.body)) return;
    {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(request);
    }
    ScriptedReply reply;
    {
      const std::scoped_lock lock(answer_mutex_);
      reply = answer_(request);
    }
    if (reply.hang) {
      if (reply.cut_after > 0) send_reply(socket, reply, false);
      std::unique_lock lock(mutex_);
      stopped_.wait(lock, [this] { return stopping_; });
      return;
    }
    if (!send_reply(socket, reply, request.method == "HEAD")) return;
  }
}

std::string url_where_nothing_listens() {
  const auto [socket, port] = listen_on_loopback();
  ::close(socket);  // the kernel does not hand the port out again at once
  return fmt::format("http://127.0.0.1:{}", port);
}

}  // namespace torchhub::testing
