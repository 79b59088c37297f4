#include "hub/api.h"

#include "hub/clean_text.h"
#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"
#include "torchhub/http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace torchhub {
namespace {

std::vector<std::string> problems(const HubOptions& options) {
  std::vector<std::string> found;
  if (origin_of(options.endpoint).empty() ||
      options.endpoint.find_first_of("?#@ ") != std::string::npos) {
    found.push_back(fmt::format(
        "endpoint is '{}'; it must look like https://huggingface.co or http://127.0.0.1:8080",
        options.endpoint));
  }
  const auto printable = [](unsigned char c) { return std::isgraph(c) != 0; };
  if (options.token && (options.token->empty() ||
                        !std::all_of(options.token->begin(), options.token->end(), printable))) {
    found.emplace_back("token is empty or holds blanks or control characters");
  }
  if (options.download_workers < 1) found.emplace_back("download_workers must be at least 1");
  if (options.upload_workers < 1) found.emplace_back("upload_workers must be at least 1");
  return found;
}

std::string user_agent(const HubOptions& options) {
  std::string agent = options.library.empty() ? "" : options.library + "; ";
  agent += "torchhub/" TORCHHUB_VERSION "; cpp/20";
  if (!options.user_agent_origin.empty()) agent += "; origin/" + options.user_agent_origin;
  return agent;
}

/// The target of `<...>; rel="next"`.
std::optional<std::string> next_page(const Headers& headers) {
  for (const auto& [name, value] : headers.fields()) {
    if (!std::equal(name.begin(), name.end(), "link", "link" + 4,
                    [](unsigned char a, char b) { return std::tolower(a) == b; })) {
      continue;
    }
    for (std::size_t at = value.find('<'); at != std::string::npos; at = value.find('<', at + 1)) {
      const std::size_t end = value.find('>', at);
      if (end == std::string::npos) break;
      const std::string rest = value.substr(end + 1, value.find('<', end) - end - 1);
      if (rest.find("rel=\"next\"") != std::string::npos ||
          rest.find("rel=next") != std::string::npos) {
        return value.substr(at + 1, end - at - 1);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

HubApi::HubApi(HubOptions options) : options_(std::move(options)) {
  while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
  if (auto wrong = problems(options_); !wrong.empty()) {
    throw InvalidArgumentError("HubOptions are not valid", std::move(wrong));
  }
  origin_ = origin_of(options_.endpoint);
  user_agent_ = user_agent(options_);
  once_ = options_.transport;
  if (!once_) {
    once_ = make_curl_transport(
        {.connect_timeout = options_.connect_timeout, .ca_file = options_.ca_file});
  }
  retrying_ = make_retry_transport(once_, options_.retry, options_.clock);
}

std::string HubApi::api_url(const Repo& repo, std::string_view rest) const {
  return fmt::format("{}/api/{}/{}{}", endpoint(), plural(repo.type), repo.id.str(), rest);
}

std::string HubApi::web_url(const Repo& repo, std::string_view rest) const {
  return fmt::format("{}/{}{}", endpoint(), repo.web_path(), rest);
}

std::string HubApi::resolve_url_of(const Repo& repo, std::string_view revision,
                                   std::string_view path) const {
  return web_url(repo, "/resolve/" + percent_encode(revision) + "/" + encode_path(path));
}

bool HubApi::is_ours(std::string_view url) const { return origin_of(url) == origin_; }

RequestContext HubApi::context(std::string doing, const std::optional<Repo>& repo,
                               std::string revision, std::string path) const {
  return {.doing = std::move(doing),
          .endpoint = endpoint(),
          .repo = repo,
          .revision = std::move(revision),
          .path = std::move(path),
          .token = options_.token,
          .writing = false};
}

RequestContext HubApi::writing(std::string doing, const std::optional<Repo>& repo,
                               std::string revision, std::string path) const {
  RequestContext result = context(std::move(doing), repo, std::move(revision), std::move(path));
  result.writing = true;
  if (!options_.offline && !options_.token) {
    throw LocalTokenNotFoundError(
        fmt::format("No token for {} at {}. Set HF_TOKEN (or HubOptions::token) to a token with "
                    "write access.",
                    result.doing, endpoint()));
  }
  return result;
}

Response HubApi::send(Request request, const RequestContext& context, std::stop_token stop,
                      Tries tries, Identity identity) const {
  if (options_.offline) {
    throw OfflineModeIsEnabled(
        fmt::format("Offline mode is on (HF_HUB_OFFLINE or HubOptions::offline): nothing was sent "
                    "to {} for {}. Turn it off to go online.",
                    endpoint(), context.doing));
  }
  if (identity == Identity::ours) {
    request.headers.set("User-Agent", user_agent_);
    request.headers.set("X-Amzn-Trace-Id", random_uuid());
    if (options_.token && is_ours(request.url)) {
      request.headers.set("Authorization", "Bearer " + *options_.token);
    }
  }
  Transport& transport = tries == Tries::once ? *once_ : *retrying_;
  try {
    Response response = transport.send(request, stop);
    if (const auto warning = response.headers.get("X-HF-Warning")) {
      log::warning("hub_warning",
                   {{"endpoint", endpoint()}, {"text", clean_text(*warning, options_.token)}});
    }
    return response;
  } catch (Error& error) {
    error.add_context(context.doing);
    throw;
  }
}

Response HubApi::call(Request request, const RequestContext& context, std::stop_token stop,
                      Tries tries, Identity identity) const {
  constexpr int kMostRedirects = 5;  // of a renamed repository, or one asked for in another case
  for (int redirects = 0;; ++redirects) {
    Response response = send(request, context, stop, tries, identity);
    raise_for_status(response, context);
    const auto target =
        redirects < kMostRedirects ? redirect_within(request, response) : std::nullopt;
    if (!target) {
      // A HEAD of a file is answered by the redirect to its bytes: it is there.
      if (is_redirect(response) && request.method != "HEAD") raise_redirect(response, context);
      return response;
    }
    request.url = *target;
  }
}

void HubApi::raise_redirect(const Response& response, const RequestContext& context) const {
  const auto location = response.headers.get("Location");
  const std::string target = location ? shown(resolve_url(response.url, *location)) : "nowhere";
  throw BadAnswerError(fmt::format(
      "{} redirects to {} ({}) while {}; that is not followed. Check that HF_ENDPOINT is the Hub's "
      "own address.",
      endpoint(), target, response.status, context.doing));
}

std::string HubApi::redirect_target(std::string_view from, std::string_view location,
                                    const RequestContext& context) const {
  std::string target = resolve_url(from, location);
  const auto is_https = [](std::string_view url) { return origin_of(url).starts_with("https://"); };
  if (is_https(from) && !is_https(target)) {
    throw BadAnswerError(fmt::format(
        "{} redirects from https to {} while {}; that is not followed, since anybody on the way "
        "could read and change the answer. Report it to those who run the Hub.",
        endpoint(), shown(target), context.doing));
  }
  return target;
}

std::string HubApi::shown(std::string_view url) const {
  return clean_text(without_query(url), options_.token);
}

std::optional<std::string> HubApi::redirect_within(const Request& request,
                                                   const Response& response) const {
  const auto location = response.headers.get("Location");
  if (!is_redirect(response) || !location) return std::nullopt;
  const bool keeps_method = response.status == 307 || response.status == 308;
  if (!keeps_method && request.method != "GET" && request.method != "HEAD") return std::nullopt;
  std::string target = resolve_url(request.url, *location);
  if (!is_ours(target)) return std::nullopt;
  return target;
}

nlohmann::json HubApi::get_json(const std::string& url, const RequestContext& context,
                                std::stop_token stop) const {
  Request request{.url = url, .stall_timeout = options_.stall_timeout};
  return parse_json(call(std::move(request), context, stop), context);
}

nlohmann::json HubApi::post_json(const std::string& url, const nlohmann::json& body,
                                 const RequestContext& context, std::stop_token stop,
                                 bool safe_to_repeat) const {
  Request request{.method = "POST",
                  .url = url,
                  .headers = {{"Content-Type", "application/json"}},
                  .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                  .stall_timeout = options_.stall_timeout,
                  .safe_to_repeat = safe_to_repeat};
  return parse_json(call(std::move(request), context, stop), context);
}

std::vector<nlohmann::json> HubApi::get_pages(const std::string& url, const RequestContext& context,
                                              std::stop_token stop, std::size_t limit) const {
  std::vector<nlohmann::json> items;
  std::string page = url;
  for (;;) {
    Request request{.url = page, .stall_timeout = options_.stall_timeout};
    const Response response = call(std::move(request), context, stop);
    nlohmann::json list = parse_json(response, context);
    if (!list.is_array()) {
      throw BadAnswerError(
          fmt::format("{} did not send a list while {}. Check that HF_ENDPOINT is "
                      "a Hub.",
                      endpoint(), context.doing));
    }
    for (nlohmann::json& item : list) items.push_back(std::move(item));
    const auto next = next_page(response.headers);
    if (!next || (limit > 0 && items.size() >= limit)) break;
    const std::string target = resolve_url(page, *next);
    if (!is_ours(target) || target == page) {
      throw BadAnswerError(
          fmt::format("{} sent a next page that is not to be followed ({}) while "
                      "{}.",
                      endpoint(), shown(target), context.doing));
    }
    page = target;
  }
  if (limit > 0 && items.size() > limit) items.resize(limit);
  return items;
}

nlohmann::json HubApi::parse_json(const Response& response, const RequestContext& context) const {
  nlohmann::json value = nlohmann::json::parse(response.body, nullptr, false);
  if (!value.is_discarded() && response.ok()) return value;
  throw BadAnswerError(
      fmt::format("{} answered {} with something that is not JSON ({}) while {}. "
                  "Check that HF_ENDPOINT is a Hub.",
                  endpoint(), without_query(response.url), response.status, context.doing));
}

}  // namespace torchhub
