#include "server/http/http_server.h"

#include "server/http/connection.h"
#include "torchhub/base/log.h"
#include "torchhub/server/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace torchhub::server {
namespace {

/// The peer's address without its port. A v4 address that came through a v6 socket is v4; whoever
/// comes through a Unix socket is "unix".
std::string address_of(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_UNIX) return "unix";
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (peer.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  }
  const std::string address = text.data();
  constexpr std::string_view kMapped = "::ffff:";
  return address.starts_with(kMapped) ? address.substr(kMapped.size()) : address;
}

/// What a client over a limit reads instead of an answer. It may get lost: nobody waits for it.
void turn_away(int descriptor) {
  constexpr std::string_view kBody = R"({"error": "Too many connections. Try again in 5 s."})";
  static const std::string kBusy = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      kBody.size(), kBody);
  ::send(descriptor, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// OpenSSL and sendfile(2) raise it when the client has gone. It goes to the thread that wrote.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

struct HttpServer::Impl {
  /// One client, its socket and its thread.
  struct Client final : ConnectionWatch {
    Client(Impl& impl, OpenFile accepted, std::string from)
        : server(impl), socket(std::move(accepted)), address(std::move(from)) {}

    bool waits_for_request() override {
      waiting = true;  // before the look: quiesce() sets closing before it looks at this
      return !server.closing;
    }
    void request_begins() override {
      waiting = false;
      ++server.under_way;
    }
    void upload_begins() override { ++server.uploads; }
    void request_ends(bool was_upload) override {
      if (was_upload) --server.uploads;
      --server.under_way;
      if (!server.closing) return;
      const std::lock_guard lock(server.mutex);
      server.idle.notify_all();
    }
    bool is_closing() const override { return server.closing; }

    Impl& server;
    OpenFile socket;
    std::string address;
    std::atomic<bool> waiting = true;
    std::atomic<bool> done = false;
    bool ended = false;  ///< To make room for others; guarded by Impl::mutex.
    std::thread thread = {};
  };

  Impl(HttpOptions o, RequestHandler& h, const TlsContext* t) : options(o), handler(h), tls(t) {}

  /// A socket that clients come in by.
  struct Door {
    int descriptor = -1;
    unsigned max_per_address = 0;  ///< 0: no limit.
  };

  void accept_all() {
    std::vector<pollfd> wait = {pollfd{wake.descriptor(), POLLIN, 0}};
    for (const Door& door : doors) wait.push_back({door.descriptor, POLLIN, 0});
    while (!closing) {
      ::poll(wait.data(), wait.size(), -1);
      for (std::size_t i = 0; i < doors.size() && !closing; ++i) {
        if (wait[i + 1].revents != 0) accept_one(doors[i]);
      }
    }
  }

  void accept_one(const Door& door) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    OpenFile socket(
        ::accept4(door.descriptor, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC));
    if (socket.descriptor() >= 0) {
      take(std::move(socket), address_of(peer), door.max_per_address);
    } else if (errno == EMFILE || errno == ENFILE) {
      log::warning("out_of_file_numbers");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until somebody leaves
    }
  }

  void take(OpenFile socket, std::string address, unsigned max_per_address) {
    const int yes = 1;  // an answer is written whole: waiting for more would only delay it
    ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    const std::lock_guard lock(mutex);
    reap();
    if (has_too_many(address, max_per_address) || !has_room())
      return turn_away(socket.descriptor());
    Client& client = clients.emplace_back(*this, std::move(socket), std::move(address));
    try {
      client.thread = std::thread([this, &client] { serve(client); });
    } catch (const std::system_error& error) {
      log::warning("no_thread_for_a_connection", {{"error", error.what()}});
      clients.pop_back();
    }
  }

  /// Joins those that have ended. Holds mutex.
  void reap() {
    for (auto client = clients.begin(); client != clients.end();) {
      if (!client->done) {
        ++client;
        continue;
      }
      client->thread.join();
      client = clients.erase(client);
    }
  }

  /// Ends a connection that waits for a request if there is no room without. Holds mutex.
  bool has_room() {
    constexpr std::size_t kEnding = 64;  // ended, but their threads are not through
    if (clients.size() < options.max_connections) return true;
    if (clients.size() >= options.max_connections + kEnding) return false;
    const auto oldest = std::find_if(clients.begin(), clients.end(), [](const Client& client) {
      return client.waiting && !client.done && !client.ended;
    });
    if (oldest == clients.end()) return false;
    oldest->ended = true;
    ::shutdown(oldest->socket.descriptor(), SHUT_RD);
    return true;
  }

  /// Holds mutex.
  bool has_too_many(const std::string& address, unsigned max_per_address) const {
    if (max_per_address == 0) return false;
    const auto same = std::count_if(clients.begin(), clients.end(), [&](const Client& client) {
      return client.address == address && !client.done;
    });
    return same >= static_cast<std::ptrdiff_t>(max_per_address);
  }

  void serve(Client& client) {
    block_sigpipe();
    const int descriptor = client.socket.descriptor();
    try {
      const auto stream =
          tls != nullptr ? tls->accept(descriptor, options.head_timeout) : plain_stream(descriptor);
      ClientConnection(descriptor, *stream, client.address, options, handler, client).run();
      stream->end_writing();
    } catch (const std::exception& error) {
      log::debug("connection_ended", {{"error", error.what()}});
    }
    const std::lock_guard lock(mutex);  // quiesce() must not shut down a number that is reused
    client.socket = OpenFile(-1);
    client.done = true;
  }

  /// Of those that wait for a request, or of all. Holds mutex.
  void shut_down(bool all) {
    for (const Client& client : clients) {
      if (client.done || !(all || client.waiting)) continue;
      ::shutdown(client.socket.descriptor(), all ? SHUT_RDWR : SHUT_RD);
    }
  }

  HttpOptions options;
  RequestHandler& handler;
  const TlsContext* tls;
  std::vector<Door> doors = {};  ///< All there before the acceptor starts.
  OpenFile wake{::eventfd(0, EFD_CLOEXEC)};
  std::atomic<bool> closing = false;
  std::atomic<unsigned> under_way = 0;
  std::atomic<unsigned> uploads = 0;

  mutable std::mutex mutex;
  std::condition_variable_any idle;
  std::list<Client> clients;  // guarded by mutex
  std::thread acceptor;
};

HttpServer::HttpServer(Listener& listener, HttpOptions options, RequestHandler& handler,
                       const TlsContext* tls)
    : impl_(std::make_unique<Impl>(options, handler, tls)) {
  impl_->doors.push_back({listener.release(), options.max_connections_per_address});
  impl_->acceptor = std::thread([this] { impl_->accept_all(); });
}

HttpServer::HttpServer(const std::vector<std::unique_ptr<Listener>>& listeners, HttpOptions options,
                       RequestHandler& handler, const TlsContext* tls)
    : impl_(std::make_unique<Impl>(options, handler, tls)) {
  for (const auto& listener : listeners) {
    const unsigned limit = listener->is_loopback() ? 0 : options.max_connections_per_address;
    impl_->doors.push_back({listener->release(), limit});
  }
  impl_->acceptor = std::thread([this] { impl_->accept_all(); });
}

HttpServer::~HttpServer() {
  quiesce();
  impl_->acceptor.join();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->shut_down(true);
  }
  for (Impl::Client& client : impl_->clients) client.thread.join();
  for (const Impl::Door& door : impl_->doors) ::close(door.descriptor);
}

void HttpServer::quiesce() {
  if (impl_->closing.exchange(true)) return;
  // New clients are refused at once rather than left waiting.
  for (const Impl::Door& door : impl_->doors) ::shutdown(door.descriptor, SHUT_RDWR);
  ::eventfd_write(impl_->wake.descriptor(), 1);
  const std::lock_guard lock(impl_->mutex);
  impl_->shut_down(false);
}

bool HttpServer::wait_until_idle(std::chrono::milliseconds grace,
                                 std::chrono::milliseconds upload_grace, std::stop_token stop) {
  std::unique_lock lock(impl_->mutex);
  const auto no_requests = [this] { return impl_->under_way == 0; };
  if (impl_->idle.wait_for(lock, stop, grace, no_requests)) return true;
  if (upload_grace > grace) {
    const auto no_uploads = [this] { return impl_->uploads == 0; };
    impl_->idle.wait_for(lock, stop, upload_grace - grace, no_uploads);
  }
  return impl_->under_way == 0;
}

unsigned HttpServer::connections() const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<unsigned>(impl_->clients.size());
}

unsigned HttpServer::uploads() const { return impl_->uploads; }

}  // namespace torchhub::server
