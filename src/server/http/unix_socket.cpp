#include "server/http/unix_socket.h"

#include "server/store/open_file.h"
#include "torchhub/server/errors.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

[[noreturn]] void fail(const std::string& path, std::string_view why, std::string_view advice) {
  throw ListenError(fmt::format("Cannot listen on 'unix:{}': {}. {}", path, why, advice));
}

OpenFile new_socket(const std::string& path) {
  OpenFile out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (out.descriptor() < 0) fail(path, std::strerror(errno), "Check the system's limits.");
  return out;
}

/// Left by a server that was killed: a socket that nobody answers on.
bool is_dead(const std::string& path, const sockaddr_un& name) {
  const OpenFile probe = new_socket(path);
  return ::connect(probe.descriptor(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) !=
             0 &&
         errno == ECONNREFUSED && std::filesystem::is_socket(path);
}

}  // namespace

int listen_on_path(const std::filesystem::path& path) {
  const std::string text = path.string();
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (text.empty() || text.size() >= sizeof(name.sun_path)) {
    fail(text, fmt::format("a path may have {} bytes", sizeof(name.sun_path) - 1),
         "Choose another one.");
  }
  text.copy(name.sun_path, text.size());
  if (is_dead(text, name)) ::unlink(text.c_str());
  OpenFile socket = new_socket(text);
  if (::bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0 ||
      ::listen(socket.descriptor(), SOMAXCONN) != 0) {
    fail(text, std::strerror(errno),
         errno == EADDRINUSE ? "Another program listens there, or the file is something else."
                             : "Choose a path in a folder that you may write to.");
  }
  return socket.release();
}

}  // namespace torchhub::server
