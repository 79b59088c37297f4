#include "torchhub/http/retry.h"

#include "torchhub/base/log.h"
#include "torchhub/http/url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

namespace torchhub {
namespace {

bool worth_repeating(int status) {
  constexpr std::array kStatuses = {408, 429, 500, 502, 503, 504};
  return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end();
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// The value of `name=` in `"api";r=0;t=55`.
std::optional<std::int64_t> parameter(std::string_view header, std::string_view name) {
  for (std::size_t at = header.find(';'); at != std::string_view::npos; at = header.find(';', at)) {
    ++at;
    while (at < header.size() && header[at] == ' ') ++at;
    std::string_view rest = header.substr(at);
    if (!rest.starts_with(name) || rest.substr(name.size(), 1) != "=") continue;
    rest.remove_prefix(name.size() + 1);
    return whole_number(rest.substr(0, std::min(rest.find_first_of(";, "), rest.size())));
  }
  return std::nullopt;
}

class RetryTransport final : public Transport {
 public:
  RetryTransport(std::shared_ptr<Transport> inner, RetryPolicy policy,
                 std::shared_ptr<const Clock> clock)
      : inner_(std::move(inner)), policy_(policy), clock_(std::move(clock)) {}

  Response send(const Request& request, std::stop_token stop) override {
    if (!request.safe_to_repeat) return inner_->send(request, stop);
    bool sink_used = false;
    Request watched = request;
    if (request.sink) {
      watched.sink = [&](std::span<const std::byte> bytes) {
        sink_used = true;
        request.sink(bytes);
      };
    }
    for (int attempt = 0;; ++attempt) {
      const bool last = attempt >= policy_.max_retries;
      std::optional<std::chrono::milliseconds> wait;
      try {
        Response response = inner_->send(watched, stop);
        if (last || !worth_repeating(response.status)) return response;
        wait = asked_wait(response);
        if (wait && *wait > policy_.longest_asked_wait) return response;
        log::info("http_retry", {{"url", without_query(request.url)},
                                 {"status", response.status},
                                 {"attempt", attempt + 1}});
      } catch (const ConnectionError& error) {
        if (last || sink_used) throw;
        log::info("http_retry", {{"url", without_query(request.url)},
                                 {"error", error.what()},
                                 {"attempt", attempt + 1}});
      }
      if (!clock_->sleep_for(wait.value_or(own_wait(attempt)), stop)) {
        throw CancelledError("Cancelled while waiting to repeat " + request.method + " " +
                             std::string(without_query(request.url)) + ".");
      }
    }
  }

 private:
  std::chrono::milliseconds own_wait(int attempt) const {
    const auto doubled = policy_.first_wait * (std::int64_t{1} << std::min(attempt, 30));
    const auto wait = std::min<std::chrono::milliseconds>(doubled, policy_.longest_wait);
    if (policy_.jitter <= 0) return wait;
    static thread_local std::mt19937 generator{std::random_device{}()};
    const double part = std::uniform_real_distribution<double>(0, policy_.jitter)(generator);
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(wait.count()) * (1 - part)));
  }

  std::shared_ptr<Transport> inner_;
  RetryPolicy policy_;
  std::shared_ptr<const Clock> clock_;
};

}  // namespace

std::optional<std::chrono::milliseconds> asked_wait(const Response& response) {
  if (response.status != 429 && response.status != 503) return std::nullopt;
  std::optional<std::int64_t> seconds;
  if (const auto after = response.headers.get("Retry-After")) seconds = whole_number(*after);
  if (const auto limit = response.headers.get("RateLimit"); !seconds && limit) {
    // `t` alone says nothing while requests remain: the 429 came from elsewhere then.
    if (parameter(*limit, "r") == 0) seconds = parameter(*limit, "t");
  }
  constexpr std::int64_t kAYear = 365 * 24 * 3600;
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(std::min(*seconds, kAYear) + 1);
}

std::shared_ptr<Transport> make_retry_transport(std::shared_ptr<Transport> inner,
                                                RetryPolicy policy,
                                                std::shared_ptr<const Clock> clock) {
  return std::make_shared<RetryTransport>(std::move(inner), policy, std::move(clock));
}

}  // namespace torchhub
