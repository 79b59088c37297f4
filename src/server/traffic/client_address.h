#pragma once

#include "server/http/request.h"

#include <string>
#include <string_view>
#include <vector>

namespace torchhub::server {

/// Whose request it is: the peer's address, or the last in X-Forwarded-For that no trusted proxy
/// wrote about another of them.
std::string client_address(const HttpRequest& request, const std::vector<std::string>& proxies);

/// The address; of IPv6 only its first 64 bits, as bytes. IPv4 as a socket for both tells it is
/// IPv4.
std::string network_of(std::string_view address);

/// 127.0.0.0/8, ::1, "unix" (through a Unix socket), or nothing at all.
bool is_loopback_text(const std::string& address);

}  // namespace torchhub::server
