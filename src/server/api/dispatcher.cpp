#include "server/api/dispatcher.h"

#include "server/api/cors.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "server/http/compress.h"
#include "server/traffic/client_address.h"
#include "server/traffic/rate_rules.h"
#include "torchhub/base/log.h"
#include "torchhub/base/random_id.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace torchhub::server {
namespace {

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

constexpr std::size_t kMaxIdLength = 128;

/// No other request has it, here or elsewhere. It is no secret, so it counts instead of asking the
/// generator of secrets each time.
std::string new_id() {
  static const std::string process = random_hex(8);
  static std::atomic<std::uint64_t> count = 0;
  return fmt::format("Root=1-{}-{}{:016x}", process.substr(0, 8), process.substr(8), ++count);
}

/// One that holds the client's trace id.
std::string make_id(const HttpRequest& request) {
  const std::string trace = request.header("X-Amzn-Trace-Id");
  std::string root = new_id();
  if (trace.empty() || trace.size() > kMaxIdLength || !is_visible_ascii(trace)) return root;
  return root + ";" + trace;
}

/// The client's own id is kept.
std::string id_of_answer(const HttpRequest& request, const std::string& own_id) {
  const std::string given = request.header("X-Request-Id");
  const bool usable = !given.empty() && given.size() <= kMaxIdLength && is_visible_ascii(given);
  return usable ? given : own_id;
}

/// Header values are plain ASCII in one line.
std::string header_text(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// A message repeats what the client sent, which may be megabytes: too much for a header, and for
/// whoever reads it. The middle goes, since the end says what to do.
std::string shortened(const std::string& text) {
  constexpr std::size_t kStart = 700;
  constexpr std::size_t kEnd = 300;
  if (text.size() <= kStart + kEnd) return text;
  std::size_t start = kStart;
  while (start > 0 && continues_character(text[start])) --start;
  std::size_t end = text.size() - kEnd;
  while (end < text.size() && continues_character(text[end])) ++end;
  return text.substr(0, start) + " [...] " + text.substr(end);
}

HttpResponse error_response(const HttpRequest& request, const ApiError& error) {
  if (error.status() < 400) return {error.status(), error.headers()};  // go elsewhere
  const std::string message = shortened(error.what());
  nlohmann::json body{{"error", message}};
  // git-lfs shows "message".
  const bool lfs = request.raw_path.find("/info/lfs/") != std::string::npos ||
                   request.raw_path.starts_with("/_lfs/");
  if (lfs) body["message"] = message;
  // git shows an answer that is plain text.
  const bool to_git = request.raw_path.ends_with("/info/refs") ||
                      request.raw_path.ends_with("/git-upload-pack") ||
                      request.raw_path.ends_with("/git-receive-pack");
  HttpResponse response =
      to_git ? text_response(message + "\n", error.status()) : json_response(body, error.status());
  response.headers.set("X-Error-Message", header_text(message));
  if (!error.code().empty()) response.headers.set("X-Error-Code", error.code());
  for (const auto& [name, value] : error.headers().fields()) response.headers.set(name, value);
  // @huggingface/hub parses what is announced as JSON, also the body that HEAD does not have.
  if (request.method == "HEAD") {
    response.headers.set("Content-Type", "text/plain; charset=utf-8");
  }
  return response;
}

/// Of a request whose token nobody looked at.
void count_what_is_left(HubState& hub, const HttpRequest& request) {
  if (!request.notes.is_uncounted) return;
  try {
    count_bad_token(hub.rates, hub.options, request);
  } catch (const ApiError&) {
    // Answered already; the next one is not.
  }
}

/// What the answer to an exception of some other kind is.
ApiError as_api_error(const std::exception& error) {
  if (const auto* api = dynamic_cast<const ApiError*>(&error)) return *api;
  if (dynamic_cast<const DiskFullError*>(&error) != nullptr) {
    return {507, "The server's disk is full. Nothing was kept."};
  }
  if (const auto* database = dynamic_cast<const DatabaseError*>(&error)) {
    if (database->is_orphan()) {  // deleted while the request was under way
      return {404, std::string(error_codes::kRepositoryNotFound), error_codes::kRepoNotFound};
    }
    if (database->is_full()) return {507, "The server's disk is full. Nothing was kept."};
    return {503,
            database->is_busy() ? "Another program holds the server's database. Try again."
                                : "The server's database does not answer. Try again.",
            {},
            {{"Retry-After", "5"}}};
  }
  if (dynamic_cast<const InvalidArgumentError*>(&error) != nullptr) return {400, error.what()};
  if (dynamic_cast<const CancelledError*>(&error) != nullptr) {
    return {503, "The server stops.", {}, {{"Retry-After", "5"}}};
  }
  return {500, "The server failed. Its log has the reason under this request id."};
}

}  // namespace

Dispatcher::Dispatcher(HubState& hub) : hub_(hub) {
  add_status_routes(router_, hub_, StatusFor::admins);
  add_account_routes(router_, hub_);
  add_profile_routes(router_, hub_);
  add_avatar_routes(router_, hub_);
  add_service_routes(router_, hub_);
  add_repo_routes(router_, hub_);
  add_setting_routes(router_, hub_);
  add_access_request_routes(router_, hub_);
  add_like_routes(router_, hub_);
  add_catalog_routes(router_, hub_);
  add_compare_routes(router_, hub_);
  add_lfs_file_routes(router_, hub_);
  add_tree_routes(router_, hub_);
  add_ref_routes(router_, hub_);
  add_commit_routes(router_, hub_);
  add_discussion_routes(router_, hub_);
  add_list_routes(router_, hub_);
  add_info_routes(router_, hub_);
  add_lfs_routes(router_, hub_);
  add_lfs_part_routes(router_, hub_);
  add_lock_routes(router_, hub_);
  add_offer_routes(router_, hub_);
  add_xet_routes(router_, hub_);
  add_git_routes(router_, hub_);
  add_file_routes(router_, hub_);
}

Answer Dispatcher::begin(HttpRequest& request) {
  request.own_id = make_id(request);
  request.id = id_of_answer(request, request.own_id);
  try {
    request.remote_address = client_address(request, hub_.options.trusted_proxies);
    if (auto preflight = answer_preflight(request, hub_.options.cors_origins)) {
      return *std::move(preflight);
    }
    const Handler& handler = router_.find(request);
    count_request(hub_.rates, hub_.options, request);
    Answer answer = handler(request);
    count_what_is_left(hub_, request);
    auto* consumer = std::get_if<std::unique_ptr<BodyConsumer>>(&answer);
    const std::string encoding = request.header("Content-Encoding");
    if (consumer == nullptr || encoding.empty() || encoding == "identity") return answer;
    if (encoding != "gzip") {
      throw ApiError(415, "Send the body plain or with Content-Encoding: gzip.");
    }
    return gunzip(std::move(*consumer),
                  std::max(hub_.options.max_commit_bytes, hub_.options.max_push_bytes));
  } catch (const std::exception& error) {
    count_what_is_left(hub_, request);
    return failed(request, error);
  }
}

HttpResponse Dispatcher::failed(const HttpRequest& request, const std::exception& error) {
  const ApiError answer = as_api_error(error);
  if (dynamic_cast<const ApiError*>(&error) == nullptr && answer.status() >= 500) {
    log::error("request_failed", {{"request", request.id},
                                  {"own_id", request.own_id},
                                  {"method", request.method},
                                  {"path", request.raw_path},
                                  {"error", error.what()}});
  }
  return error_response(request, answer);
}

void Dispatcher::decorate(const HttpRequest& request, HttpResponse& response) {
  response.headers.set("X-Request-Id",
                       request.id.empty() ? id_of_answer(request, make_id(request)) : request.id);
  for (const auto& [name, value] : request.notes.headers.fields()) {
    response.headers.set(name, value);
  }
  allow_origin(request, hub_.options.cors_origins, response.headers);
  compress_if_wanted(request, response);
}

void Dispatcher::finished(const HttpRequest& request, const ExchangeFacts& facts) {
  hub_.metrics.note_request(request, facts);
  hub_.access_log.note(request, facts);
}

}  // namespace torchhub::server
