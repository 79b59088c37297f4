#include "torchhub/hub/errors.h"

#include "hub/clean_text.h"
#include "hub/json_fields.h"
#include "torchhub/http/retry.h"
#include "torchhub/http/url.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace torchhub {
namespace {

void add_part(std::vector<std::string>& parts, std::string part) {
  if (part.empty() || std::find(parts.begin(), parts.end(), part) != parts.end()) return;
  parts.push_back(std::move(part));
}

/// What the header, `error`, `error_description`, `message` and `errors[].message` say.
std::string message_of(const Response& response, const RequestContext& context) {
  std::vector<std::string> parts;
  const auto add = [&](std::string_view text) { add_part(parts, clean_text(text, context.token)); };
  add(response.headers.get("X-Error-Message").value_or(""));
  const nlohmann::json body = nlohmann::json::parse(response.body, nullptr, false);
  if (body.is_object()) {
    for (const char* name : {"error", "error_description", "message"}) {
      const nlohmann::json& value = field(body, name);
      if (value.is_string()) add(value.get<std::string>());
      if (!value.is_array()) continue;
      for (const nlohmann::json& item : value) {
        if (item.is_string()) add(item.get<std::string>());
      }
    }
    for (const nlohmann::json& item : field(body, "errors")) add(text_field(item, "message"));
  } else if (response.headers.get("Content-Type").value_or("").starts_with("text/plain")) {
    add(response.body);
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

HttpFailure failure_of(const Response& response, const RequestContext& context) {
  const auto header = [&](const char* name) {
    return clean_text(response.headers.get(name).value_or(""), context.token);
  };
  std::string id;
  for (const char* name : {"X-Request-Id", "X-Amzn-Trace-Id", "X-Amz-Cf-Id"}) {
    if (id.empty()) id = header(name);
  }
  return {.status = response.status,
          .url = std::string(without_query(response.url)),
          .request_id = std::move(id),
          .error_code = header("X-Error-Code"),
          .server_message = message_of(response, context),
          .retry_after = asked_wait(response)};
}

/// The words that every message is made of.
struct Words {
  std::string repo;  ///< "repository 'ana/bert' (model)"
  std::string at;    ///< "http://127.0.0.1:8080 (404, request 7f3a)"
  std::string said;  ///< ": what the server said", or nothing
};

Words words_of(const HttpFailure& failure, const RequestContext& context) {
  Words words;
  if (context.repo) {
    words.repo =
        fmt::format("repository '{}' ({})", context.repo->id.str(), to_string(context.repo->type));
  }
  words.at = fmt::format("{} ({}{})", context.endpoint, failure.status,
                         failure.request_id.empty() ? "" : ", request " + failure.request_id);
  if (!failure.server_message.empty()) words.said = ": " + failure.server_message;
  return words;
}

std::string capital(std::string text) {
  if (!text.empty()) {
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  return text;
}

std::string token_advice(const RequestContext& context) {
  return context.token ? "check that your token may read it"
                       : "set HF_TOKEN to a token that may read it";
}

[[noreturn]] void raise_repository_not_found(HttpFailure failure, const RequestContext& context) {
  const Words words = words_of(failure, context);
  throw RepositoryNotFoundError(
      fmt::format("{} not found at {}. Check the spelling; if it is private, {}.",
                  capital(words.repo.empty() ? "repository" : words.repo), words.at,
                  token_advice(context)),
      std::move(failure));
}

[[noreturn]] void raise_gated(HttpFailure failure, const RequestContext& context) {
  const Words words = words_of(failure, context);
  throw GatedRepoError(
      fmt::format("No access to the gated {} at {}{}. Ask for access on its page{}.", words.repo,
                  words.at, words.said,
                  context.token ? "" : ", then set HF_TOKEN to a token of that account"),
      std::move(failure));
}

[[noreturn]] void raise_for_code(HttpFailure failure, const Response& response,
                                 const RequestContext& context) {
  const Words words = words_of(failure, context);
  if (failure.error_code == error_codes::kRevisionNotFound) {
    throw RevisionNotFoundError(
        fmt::format("Revision '{}' of {} not found at {}. Check the branch, tag or commit hash.",
                    context.revision, words.repo, words.at),
        std::move(failure));
  }
  if (failure.error_code == error_codes::kEntryNotFound) {
    std::string path = context.path;
    throw RemoteEntryNotFoundError(
        fmt::format("File '{}' not found in {} at revision '{}' at {}. Check the path; upper and "
                    "lower case differ.",
                    context.path, words.repo, context.revision, words.at),
        std::move(failure), std::move(path), response.headers.get("X-Repo-Commit").value_or(""));
  }
  if (failure.error_code == error_codes::kGatedRepo) raise_gated(std::move(failure), context);
  raise_repository_not_found(std::move(failure), context);
}

[[noreturn]] void raise_unauthorized(HttpFailure failure, const RequestContext& context) {
  const Words words = words_of(failure, context);
  if (!context.token) {
    throw UnauthorizedError(fmt::format("A token is needed for {} at {}{}. Set HF_TOKEN.",
                                        context.doing, words.at, words.said),
                            std::move(failure));
  }
  throw UnauthorizedError(
      fmt::format("The token was refused for {} at {}{}. Check HF_TOKEN or the token file; the "
                  "token may be mistyped, expired, revoked, or of another Hub.",
                  context.doing, words.at, words.said),
      std::move(failure));
}

std::string forbidden_advice(const RequestContext& context) {
  if (!context.writing) return "Check what your token may do.";
  const std::string token = "Use a token with write access there (its role must be write).";
  if (context.repo) return token;
  // Only who makes a repository writes without one.
  return token +
         " If the name has an owner, check that it exists and that the token's owner may make "
         "repositories in it.";
}

[[noreturn]] void raise_for_number(HttpFailure failure, const RequestContext& context) {
  const Words words = words_of(failure, context);
  const auto text = [&](std::string_view what, std::string_view advice) {
    return fmt::format("{} {} at {}{}.{}{}", what, context.doing, words.at, words.said,
                       advice.empty() ? "" : " ", advice);
  };
  switch (failure.status) {
    case 400:
    case 422:
      throw BadRequestError(text("Refused:", "Correct what was sent."), std::move(failure));
    case 403:
      throw ForbiddenError(text("Not allowed:", forbidden_advice(context)), std::move(failure));
    case 409:
      throw ConflictError(text("Conflict:", "Look at what is there and try again."),
                          std::move(failure));
    case 412:
      throw HeadMovedError(
          text("The branch has moved:", "Read its new head and make the change again on top."),
          std::move(failure));
    case 413:
      throw PayloadTooLargeError(text("Too large:", "Send less at once."), std::move(failure));
    case 429: {
      const auto wait = failure.retry_after;
      throw RateLimitedError(
          text("Too many requests:",
               wait ? fmt::format("Try again in {} s.",
                                  std::chrono::duration_cast<std::chrono::seconds>(*wait).count())
                    : "Wait a while and try again."),
          std::move(failure));
    }
    case 501:
      throw HubHttpError(text("This Hub cannot do it:",
                              words.said.empty() ? "Trying again does not help; do without." : ""),
                         std::move(failure));
    default:
      throw HubHttpError(
          text("Failed:", failure.status >= 500 ? "The fault is the server's; try again later."
                                                : "Check that HF_ENDPOINT is a Hub."),
          std::move(failure));
  }
}

/// Outside the API's own codes, the Hub hides private repositories behind a bare 401.
bool hides_a_repository(const HttpFailure& failure, const RequestContext& context) {
  return failure.status == 401 && context.repo && !context.writing &&
         failure.server_message.find(error_codes::kBadCredentials) == std::string::npos;
}

}  // namespace

void raise_for_status(const Response& response, const RequestContext& context) {
  if (response.status >= 200 && response.status < 400) return;
  HttpFailure failure = failure_of(response, context);
  const std::string& code = failure.error_code;
  if (code == error_codes::kRevisionNotFound || code == error_codes::kEntryNotFound ||
      code == error_codes::kGatedRepo) {
    raise_for_code(std::move(failure), response, context);
  }
  if (response.headers.get("X-Error-Message").value_or("") == error_codes::kDisabled) {
    const Words words = words_of(failure, context);
    throw DisabledRepoError(
        fmt::format("{} has been disabled at {}. Ask those who run the Hub why.",
                    capital(words.repo), words.at),
        std::move(failure));
  }
  if (code == error_codes::kRepoNotFound) raise_for_code(std::move(failure), response, context);
  if (hides_a_repository(failure, context)) raise_repository_not_found(std::move(failure), context);
  if (response.status == 401) raise_unauthorized(std::move(failure), context);
  raise_for_number(std::move(failure), context);
}

}  // namespace torchhub
