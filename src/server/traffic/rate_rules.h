#pragma once

#include "server/http/request.h"
#include "server/traffic/rate_limiter.h"
#include "torchhub/server/options.h"

namespace torchhub::server {

/// Counts a request against its client's quota and notes the headers for its answer. A token that
/// was not counted lately may be an invented one: the request is left uncounted until
/// count_good_token() or count_bad_token(), so that inventing costs the inventor.
/// @throws ApiError 429 with Retry-After when the quota is used up
void count_request(RateLimiter& limiter, const ServerOptions& options, const HttpRequest& request);

/// For a request whose token is known to be one. @throws ApiError 429, as count_request()
void count_good_token(RateLimiter& limiter, const ServerOptions& options,
                      const HttpRequest& request);

/// For one whose token is none, or was not looked at: it counts for its address.
/// @throws ApiError 429, as count_request()
void count_bad_token(RateLimiter& limiter, const ServerOptions& options,
                     const HttpRequest& request);

}  // namespace torchhub::server
