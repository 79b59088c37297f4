#include "server/http/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace torchhub::server {
namespace {

[[noreturn]] void fail(const char* doing, int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) {
    throw ConnectionTimedOut(fmt::format("The client made no progress while we {}.", doing));
  }
  throw ConnectionLost(fmt::format("The connection broke while we {}: {}.", doing,
                                   std::strerror(error)));  // NOLINT(concurrency-mt-unsafe)
}

class PlainStream final : public Stream {
 public:
  explicit PlainStream(int descriptor) : descriptor_(descriptor) {}

  void set_read_timeout(std::chrono::milliseconds timeout) override {
    set_socket_timeout(descriptor_, SO_RCVTIMEO, timeout);
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

  void write(std::string_view bytes, bool more) override {
    while (!bytes.empty()) {
      const ssize_t count =
          ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("sent an answer", errno);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void send_file(const FileBody& file) override {
    constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 30;  // sendfile(2) takes 2 GB at most
    auto offset = static_cast<off_t>(file.offset);
    for (std::uint64_t left = file.size; left > 0;) {
      const ssize_t count = ::sendfile(descriptor_, file.file.descriptor(), &offset,
                                       static_cast<std::size_t>(std::min(left, kPieceBytes)));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("sent a file", errno);
      if (count == 0) throw ConnectionLost("The file that was being sent has become shorter.");
      left -= static_cast<std::uint64_t>(count);
    }
  }

  void end_writing() override { ::shutdown(descriptor_, SHUT_WR); }

 private:
  int descriptor_;
};

}  // namespace

void set_socket_timeout(int descriptor, int option, std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timeval value{static_cast<time_t>(seconds.count()),
                      static_cast<suseconds_t>((timeout - seconds).count() * 1000)};
  ::setsockopt(descriptor, SOL_SOCKET, option, &value, sizeof(value));
}

std::unique_ptr<Stream> plain_stream(int descriptor) {
  return std::make_unique<PlainStream>(descriptor);
}

}  // namespace torchhub::server
