#include "support/slow_proxy.h"

#include "support/loopback_socket.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <list>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <sys/socket.h>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <vector>

namespace torchhub::testing {
namespace {

using std::chrono::nanoseconds;

/// Small, so that who sends too fast soon notices.
constexpr int kBufferBytes = 1 << 16;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

int port_of(const std::string& url) {
  if (!url.starts_with("http://127.0.0.1:")) {
    throw std::invalid_argument("SlowProxy wants http://127.0.0.1:<port>, not " + url);
  }
  return std::stoi(url.substr(url.rfind(':') + 1));
}

/// Ends a connection so that its other side gets an error.
void refuse(int socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(socket);
}

/// One direction.
class Throttle {
 public:
  Throttle(std::uint64_t bytes_per_second, std::shared_ptr<const Clock> clock)
      : rate_(bytes_per_second), clock_(std::move(clock)) {}

  /// What waits at the old rate takes its time, and nobody after it waits for that.
  void set_rate(std::uint64_t bytes_per_second) {
    const std::lock_guard lock(mutex_);
    rate_ = bytes_per_second;
    free_at_ = {};
  }

  /// What passes in 1/20 s: a new rate and a stop are noticed soon.
  std::size_t piece_bytes() const { return std::clamp<std::uint64_t>(rate_ / 20, 1, 1 << 14); }

  /// Waits as long as they take. Rounds down: the next ones wait for the rest.
  /// @return false if `stop` came first
  bool pass(std::size_t bytes, const std::stop_token& stop) {
    nanoseconds wait;
    {
      const std::lock_guard lock(mutex_);
      const nanoseconds takes(static_cast<std::int64_t>(bytes * 1'000'000'000 / rate_));
      const auto now = clock_->steady_now();
      free_at_ = std::max(free_at_, now) + takes;
      wait = free_at_ - now;
    }
    if (!clock_->sleep_for(std::chrono::floor<std::chrono::milliseconds>(wait), stop)) return false;
    passed_ += bytes;
    return true;
  }

  std::uint64_t passed() const { return passed_; }

 private:
  std::atomic<std::uint64_t> rate_;
  std::shared_ptr<const Clock> clock_;
  std::atomic<std::uint64_t> passed_ = 0;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point free_at_ = {};  // guarded by mutex_
};

struct Connection {
  int client;
  int target;
  std::stop_source stop = {};
  std::thread up = {};
  std::thread down = {};

  void end() {
    stop.request_stop();
    ::shutdown(client, SHUT_RDWR);
    ::shutdown(target, SHUT_RDWR);
  }
};

}  // namespace

struct SlowProxy::Impl {
  Impl(int port, std::uint64_t bytes_per_second, const std::shared_ptr<const Clock>& clock)
      : target_port(port), up(bytes_per_second, clock), down(bytes_per_second, clock) {
    std::tie(listener, own_port) = listen_on_loopback(kBufferBytes);
    acceptor = std::thread([this] { accept_loop(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      ::shutdown(listener, SHUT_RDWR);
      for (Connection& connection : connections) connection.end();
    }
    acceptor.join();
    for (Connection& connection : connections) {
      connection.up.join();
      connection.down.join();
      ::close(connection.client);
      ::close(connection.target);
    }
    ::close(listener);
  }

  void accept_loop() {
    for (;;) {
      const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock(mutex);
      if (stopping) {
        if (client >= 0) ::close(client);
        return;
      }
      if (client >= 0) begin(client);
    }
  }

  void begin(int client) {
    const int target = is_cut ? -1 : connect_to_loopback(target_port, kBufferBytes);
    if (target < 0) return refuse(client);
    Connection& connection = connections.emplace_back(Connection{client, target});
    const std::stop_token stop = connection.stop.get_token();
    connection.up = std::thread([=, this] { pump(client, target, up, stop); });
    connection.down = std::thread([=, this] { pump(target, client, down, stop); });
  }

  void pump(int from, int to, Throttle& throttle, const std::stop_token& stop) {
    std::vector<char> bytes(kBufferBytes);
    for (;;) {
      const ssize_t count = ::recv(from, bytes.data(), throttle.piece_bytes(), 0);
      if (count == 0) break;
      const auto size = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
      if (count < 0 || !throttle.pass(size, stop) || was_last() ||
          !send_all(to, {bytes.data(), size})) {
        ::shutdown(from, SHUT_RDWR);
        ::shutdown(to, SHUT_RDWR);
        return;
      }
    }
    ::shutdown(to, SHUT_WR);  // what comes the other way may still go on
  }

  bool was_last() {
    if (up.passed() < cut_at) return false;
    cut();
    return true;
  }

  void cut() {
    const std::lock_guard lock(mutex);
    is_cut = true;
    cut_at = kNever;
    for (Connection& connection : connections) connection.end();
  }

  int target_port;
  int own_port = 0;
  int listener = -1;
  Throttle up;
  Throttle down;
  std::atomic<std::uint64_t> cut_at = kNever;  // of up.passed()
  std::mutex mutex;
  std::list<Connection> connections;  // guarded by mutex; threads and sockets live to the end
  bool is_cut = false;                // guarded by mutex
  bool stopping = false;              // guarded by mutex
  std::thread acceptor;
};

SlowProxy::SlowProxy(const std::string& target_url, std::uint64_t bytes_per_second,
                     std::shared_ptr<const Clock> clock)
    : impl_(std::make_unique<Impl>(port_of(target_url), bytes_per_second, clock)) {}

SlowProxy::~SlowProxy() = default;

std::string SlowProxy::url() const { return fmt::format("http://127.0.0.1:{}", impl_->own_port); }

void SlowProxy::set_rate(std::uint64_t bytes_per_second) {
  impl_->up.set_rate(bytes_per_second);
  impl_->down.set_rate(bytes_per_second);
}

void SlowProxy::cut() { impl_->cut(); }

void SlowProxy::cut_after(std::uint64_t bytes) { impl_->cut_at = impl_->up.passed() + bytes; }

void SlowProxy::open() {
  const std::lock_guard lock(impl_->mutex);
  impl_->is_cut = false;
}

std::uint64_t SlowProxy::bytes_up() const { return impl_->up.passed(); }

std::uint64_t SlowProxy::bytes_down() const { return impl_->down.passed(); }

}  // namespace torchhub::testing
