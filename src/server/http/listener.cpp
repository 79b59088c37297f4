#include "server/http/listener.h"

#include "server/http/unix_socket.h"
#include "torchhub/server/errors.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

[[noreturn]] void fail(std::string_view address, std::string_view why, std::string_view advice) {
  throw ListenError(fmt::format("Cannot listen on '{}': {}. {}", address, why, advice));
}

Addresses resolve(std::string_view address, std::string host, const std::string& port) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    fail(address, gai_strerror(error), "Use HOST:PORT with an address of this machine.");
  }
  return {found, &freeaddrinfo};
}

bool is_loopback_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

bool is_wildcard_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr == htonl(INADDR_ANY);
  }
  return IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

std::uint16_t bound_port(int descriptor) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(name).sin_port
                                         : reinterpret_cast<sockaddr_in6&>(name).sin6_port);
}

}  // namespace

Listener::Listener(std::string_view address) {
  constexpr std::string_view kUnix = "unix:";
  if (!address.starts_with(kUnix)) {
    listen_on_port(address);
    return;
  }
  const std::filesystem::path path = address.substr(kUnix.size());
  descriptor_ = listen_on_path(path);
  path_ = path;
  loopback_ = true;
}

void Listener::listen_on_port(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == address.size()) {
    throw InvalidArgumentError(fmt::format(
        "'{}' is not an address to listen on. Write HOST:PORT, such as 127.0.0.1:8686, or "
        "unix:PATH.",
        address));
  }
  const std::string_view port_text = address.substr(colon + 1);
  std::uint16_t port = 0;  // getaddrinfo would take 70000 for 4464
  const auto [end, status] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (status != std::errc() || end != port_text.data() + port_text.size()) {
    throw InvalidArgumentError(
        fmt::format("'{}' in '{}' is no port. Write a number from 0 (a free one) to 65535.",
                    port_text, address));
  }
  host_ = address.substr(0, colon);
  const Addresses found = resolve(address, host_, std::string(port_text));

  descriptor_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor_ < 0) fail(address, std::strerror(errno), "Check the system's limits.");
  const int yes = 1;  // else a restart waits for the old connections' last minutes
  ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (::bind(descriptor_, found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(descriptor_, SOMAXCONN) != 0) {
    const int error = errno;
    ::close(descriptor_);
    descriptor_ = -1;
    fail(address, std::strerror(error),
         error == EADDRINUSE ? "Another program uses this port: end it or choose another; port 0 "
                               "takes a free one."
                             : "Choose an address of this machine that you may use.");
  }
  port_ = bound_port(descriptor_);
  loopback_ = is_loopback_address(*found->ai_addr);
  wildcard_ = is_wildcard_address(*found->ai_addr);
}

Listener::~Listener() {
  if (descriptor_ >= 0) ::close(descriptor_);
  std::error_code ignored;  // the next server replaces it
  if (is_unix()) std::filesystem::remove(path_, ignored);
}

int Listener::release() {
  const int descriptor = descriptor_;
  descriptor_ = -1;
  return descriptor;
}

std::string Listener::place(std::string_view scheme) const {
  return is_unix() ? "unix:" + path_.string() : url(scheme);
}

std::string Listener::url(std::string_view scheme) const {
  return fmt::format("{}://{}:{}", scheme, host_, port_);
}

}  // namespace torchhub::server
