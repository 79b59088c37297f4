#include "server/traffic/rate_rules.h"

#include "server/http/api_error.h"
#include "server/traffic/client_address.h"
#include "server/traffic/client_key.h"
#include "server/traffic/metrics.h"

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

/// The request's bucket, unless it is of no quota.
std::optional<Bucket> counted_bucket(const ServerOptions& options, const HttpRequest& request) {
  if (!options.rate_loopback && is_loopback_text(request.remote_address)) return std::nullopt;
  const auto bucket = bucket_of(options, request);
  return bucket && bucket->quota > 0 ? bucket : std::nullopt;
}

/// For the answer, which is a refusal once the quota is used up.
void tell(const HttpRequest& request, const Bucket& bucket, const RateState& state) {
  request.notes.is_uncounted = false;
  request.notes.headers.set("RateLimit", state.rate_limit(bucket.name));
  request.notes.headers.set("RateLimit-Policy", state.policy(bucket.name));
  if (!state.over) return;
  throw ApiError(429,
                 fmt::format("Too many requests: {} in {} s are allowed here. Try again in {} s.",
                             state.quota, RateLimiter::kWindow.count(), state.until_reset.count()),
                 {}, {{"Retry-After", std::to_string(state.until_reset.count())}});
}

void count_address(RateLimiter& limiter, const HttpRequest& request, const Bucket& bucket) {
  const unsigned quota = std::max(bucket.quota / 2, 1U);
  tell(request, bucket, limiter.count(bucket.name, key_of_address(request), quota));
}

}  // namespace

void count_request(RateLimiter& limiter, const ServerOptions& options, const HttpRequest& request) {
  const auto bucket = counted_bucket(options, request);
  if (!bucket) return;
  const auto token = key_of_token(request);
  if (!token) return count_address(limiter, request, *bucket);
  const auto state = limiter.count_if_known(bucket->name, *token, bucket->quota);
  if (state) return tell(request, *bucket, *state);
  request.notes.is_uncounted = true;
}

void count_good_token(RateLimiter& limiter, const ServerOptions& options,
                      const HttpRequest& request) {
  if (!request.notes.is_uncounted) return;
  const auto bucket = counted_bucket(options, request);
  const auto token = key_of_token(request);
  if (!bucket || !token) return;
  tell(request, *bucket, limiter.count(bucket->name, *token, bucket->quota));
}

void count_bad_token(RateLimiter& limiter, const ServerOptions& options,
                     const HttpRequest& request) {
  const auto bucket = counted_bucket(options, request);
  const auto token = key_of_token(request);
  if (!bucket || !token) return;         // counted for its address as it came in
  limiter.forget(bucket->name, *token);  // revoked or expired: it is one no longer
  count_address(limiter, request, *bucket);
}

}  // namespace torchhub::server
