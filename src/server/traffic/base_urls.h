#pragma once

#include "server/http/request.h"

#include <span>
#include <string>

namespace torchhub::server {

/// Of `urls` the first whose host and port the request's Host names, one of the scheme that the
/// client used if that is known. Nothing if none is.
/// @param tls whether the server itself speaks HTTPS; else a proxy's X-Forwarded-Proto tells
const std::string* find_base_url(std::span<const std::string> urls, const HttpRequest& request,
                                 bool tls);

/// Without slashes at the end. @throws InvalidArgumentError unless it begins with http:// or
/// https://
std::string checked_base_url(std::string url);

}  // namespace torchhub::server
