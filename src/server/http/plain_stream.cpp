#include "server/http/stream.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace torchhub::server {
namespace {

bool is_timeout(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

[[noreturn]] void fail(const char* doing, int error) {
  if (is_timeout(error)) {
    throw ConnectionTimedOut(fmt::format("The client made no progress while we {}.", doing));
  }
  throw ConnectionLost(fmt::format("The connection broke while we {}: {}.", doing,
                                   std::strerror(error)));  // NOLINT(concurrency-mt-unsafe)
}

/// @return what `send` says; 0 at its timeout
std::size_t went_out(const char* doing, const std::function<ssize_t()>& send) {
  for (;;) {
    const ssize_t count = send();
    if (count >= 0) return static_cast<std::size_t>(count);
    if (is_timeout(errno)) return 0;
    if (errno != EINTR) fail(doing, errno);
  }
}

class PlainStream final : public Stream {
 public:
  explicit PlainStream(int descriptor) : descriptor_(descriptor) {}

  void set_read_timeout(std::chrono::milliseconds timeout) override {
    if (timeout == read_timeout_) return;  // as before each request of a connection
    set_socket_timeout(descriptor_, SO_RCVTIMEO, timeout);
    read_timeout_ = timeout;
  }
  void set_write_timeout(std::chrono::milliseconds timeout) override {
    set_socket_timeout(descriptor_, SO_SNDTIMEO, timeout);
  }

  std::size_t read(std::span<char> room) override {
    for (;;) {
      const ssize_t count = ::recv(descriptor_, room.data(), room.size(), 0);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail("read", errno);
    }
  }

  std::size_t write_some(std::string_view bytes, bool more) override {
    return went_out("sent an answer", [&] {
      return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    });
  }

  std::size_t send_some(const OpenFile& file, std::uint64_t offset, std::size_t size) override {
    auto from = static_cast<off_t>(offset);
    bool ended = false;
    const std::size_t count = went_out("sent a file", [&] {
      const ssize_t sent = ::sendfile(descriptor_, file.descriptor(), &from, size);
      ended = sent == 0;
      return sent;
    });
    if (ended) throw ConnectionLost("The file that was being sent has become shorter.");
    return count;
  }

  std::uint64_t untaken() const override { return untaken_bytes(descriptor_); }

  void end_writing() override { ::shutdown(descriptor_, SHUT_WR); }

 private:
  int descriptor_;
  std::chrono::milliseconds read_timeout_{-1};
};

}  // namespace

void set_socket_timeout(int descriptor, int option, std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timeval value{static_cast<time_t>(seconds.count()),
                      static_cast<suseconds_t>((timeout - seconds).count() * 1000)};
  ::setsockopt(descriptor, SOL_SOCKET, option, &value, sizeof(value));
}

std::uint64_t untaken_bytes(int descriptor) {
  int count = 0;
  return ::ioctl(descriptor, SIOCOUTQ, &count) == 0 && count > 0 ? static_cast<unsigned>(count) : 0;
}

std::unique_ptr<Stream> plain_stream(int descriptor) {
  return std::make_unique<PlainStream>(descriptor);
}

}  // namespace torchhub::server
