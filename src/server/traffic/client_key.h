#pragma once

#include "server/http/request.h"

#include <optional>
#include <string>

namespace torchhub::server {

/// What the requests of one address count under: an IPv6 address by its first 64 bits, which one
/// user has all of.
std::string key_of_address(const HttpRequest& request);

/// What those with one token count under, whichever way it is sent; nothing without a token. Of the
/// token only its hash, since none may lie in memory longer than its request. Whether it is a good
/// one is not looked at.
std::optional<std::string> key_of_token(const HttpRequest& request);

}  // namespace torchhub::server
