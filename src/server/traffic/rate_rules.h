#pragma once

#include "server/http/request.h"
#include "server/traffic/rate_limiter.h"
#include "torchhub/server/options.h"

namespace torchhub::server {

/// Counts a request against its client's quota and notes the headers for its answer.
/// @throws ApiError 429 with Retry-After when the quota is used up
void count_request(RateLimiter& limiter, const ServerOptions& options, const HttpRequest& request);

}  // namespace torchhub::server
