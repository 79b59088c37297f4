#pragma once

#include "torchhub/base/clock.h"
#include "torchhub/http/transport.h"

#include <chrono>
#include <memory>
#include <optional>

namespace torchhub {

/// huggingface_hub's `http_backoff`: up to 5 more tries after 1, 2, 4, 8, 8 s, for lost connections
/// and for 408, 429, 500, 502, 503 and 504.
struct RetryPolicy {
  int max_retries = 5;
  std::chrono::milliseconds first_wait = std::chrono::seconds(1);
  std::chrono::milliseconds longest_wait = std::chrono::seconds(8);
  /// Up to this part of a wait is taken off at random, so that many clients do not come back at the
  /// same moment. 0 to 1; 0: none.
  double jitter = 0.2;
  /// An answer that asks for a longer pause than this is handed to the caller at once.
  std::chrono::milliseconds longest_asked_wait = std::chrono::minutes(6);
};

/// How long a 429 or 503 answer asks to wait, if it does: Retry-After in seconds, else RateLimit's
/// `t` where its `r` is 0; each plus 1 s.
std::optional<std::chrono::milliseconds> asked_wait(const Response& response);

/// Sends again what is safe to repeat (Request::safe_to_repeat); everything else passes through.
/// Once bytes have gone to Request::sink, the request is not repeated.
std::shared_ptr<Transport> make_retry_transport(
    std::shared_ptr<Transport> inner, RetryPolicy policy = {},
    std::shared_ptr<const Clock> clock = system_clock());

}  // namespace torchhub
