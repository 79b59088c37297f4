#include "server/traffic/rate_rules.h"

#include "server/http/api_error.h"
#include "server/traffic/client_address.h"
#include "server/traffic/metrics.h"
#include "torchhub/base/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace torchhub::server {
namespace {

struct Bucket {
  std::string_view name;
  unsigned quota;
};

/// Nothing for what has been counted before (signed links) and for what watches the server.
std::optional<Bucket> bucket_of(const ServerOptions& options, const HttpRequest& request) {
  const std::string_view kind = route_class(request.route);
  if (kind == "resolve") return Bucket{"resolvers", options.rate_resolve};
  if (kind == "api" || request.route.find("/info/lfs/") != std::string::npos) {
    return Bucket{"api", options.rate_api};
  }
  if (kind == "git") return Bucket{"pages", options.rate_pages};
  return std::nullopt;
}

}  // namespace

void count_request(RateLimiter& limiter, const ServerOptions& options, const HttpRequest& request) {
  if (!options.rate_loopback && is_loopback_text(request.remote_address)) return;
  const auto bucket = bucket_of(options, request);
  if (!bucket || bucket->quota == 0) return;
  const auto credentials = request.headers.get("Authorization");
  // By its hash: the table must hold no token. Whether it is a good one shows later; guesses are
  // counted by address then.
  const std::string client = credentials ? sha256_hex(*credentials) : request.remote_address;
  const unsigned quota = credentials ? bucket->quota : std::max(bucket->quota / 2, 1U);
  const RateState state = limiter.count(bucket->name, client, quota);
  request.notes.headers.set("RateLimit", state.rate_limit(bucket->name));
  request.notes.headers.set("RateLimit-Policy", state.policy(bucket->name));
  if (!state.over) return;
  throw ApiError(429,
                 fmt::format("Too many requests: {} in {} s are allowed here. Try again in {} s.",
                             quota, RateLimiter::kWindow.count(), state.until_reset.count()),
                 {}, {{"Retry-After", std::to_string(state.until_reset.count())}});
}

}  // namespace torchhub::server
