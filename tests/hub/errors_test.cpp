#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>

namespace torchhub {
namespace {

RequestContext about_file() {
  return {.doing = "looking up 'config.json' of 'ana/bert-tiny'",
          .endpoint = "http://127.0.0.1:8080",
          .repo = Repo{.id = RepoId::parse("ana/bert-tiny")},
          .revision = "main",
          .path = "config.json",
          .token = "secret-of-ana"};
}

Response answer(int status, Headers headers = {}, std::string body = "") {
  headers.set("X-Request-Id", "7f3a");
  return {.status = status,
          .headers = std::move(headers),
          .body = std::move(body),
          .url = "http://127.0.0.1:8080/x?secret=1"};
}

/// The message, if the exception has exactly this class.
template <typename Expected>
std::string message_of(const Response& response, const RequestContext& context = about_file()) {
  try {
    raise_for_status(response, context);
  } catch (const Expected& error) {
    EXPECT_EQ(typeid(error), typeid(Expected));
    EXPECT_EQ(error.status(), response.status);
    EXPECT_EQ(error.request_id(), "7f3a");
    EXPECT_EQ(error.url(), "http://127.0.0.1:8080/x");
    return error.what();
  }
  ADD_FAILURE() << "no exception";
  return "";
}

TEST(RaiseForStatus, LetsGoodAnswersThrough) {
  for (const int status : {200, 201, 204, 206, 302, 304, 307}) {
    EXPECT_NO_THROW(raise_for_status(answer(status), about_file())) << status;
  }
}

TEST(RaiseForStatus, SaysWhichRepositoryIsNotThere) {
  const Response response = answer(404, {{"X-Error-Code", "RepoNotFound"}});
  EXPECT_EQ(message_of<RepositoryNotFoundError>(response),
            "Repository 'ana/bert-tiny' (model) not found at http://127.0.0.1:8080 (404, request "
            "7f3a). Check the spelling; if it is private, check that your token may read it.");
  RequestContext anonymous = about_file();
  anonymous.token.reset();
  EXPECT_EQ(message_of<RepositoryNotFoundError>(response, anonymous),
            "Repository 'ana/bert-tiny' (model) not found at http://127.0.0.1:8080 (404, request "
            "7f3a). Check the spelling; if it is private, set HF_TOKEN to a token that may read "
            "it.");
}

TEST(RaiseForStatus, ReadsABare401OnARepositoryAsNotFound) {
  message_of<RepositoryNotFoundError>(
      answer(401, {}, R"({"error":"Invalid username or password."})"));
}

TEST(RaiseForStatus, SaysThatTheTokenWasRefused) {
  EXPECT_EQ(message_of<UnauthorizedError>(
                answer(401, {{"X-Error-Message", "Invalid credentials in Authorization header"}})),
            "The token was refused for looking up 'config.json' of 'ana/bert-tiny' at "
            "http://127.0.0.1:8080 (401, request 7f3a): Invalid credentials in Authorization "
            "header. Check HF_TOKEN or the token file; the token may be mistyped, expired, "
            "revoked, or of another Hub.");
}

TEST(RaiseForStatus, SaysThatATokenIsNeeded) {
  RequestContext context = about_file();
  context.token.reset();
  context.writing = true;
  EXPECT_EQ(message_of<UnauthorizedError>(answer(401), context),
            "A token is needed for looking up 'config.json' of 'ana/bert-tiny' at "
            "http://127.0.0.1:8080 (401, request 7f3a). Set HF_TOKEN.");
}

TEST(RaiseForStatus, SaysWhichRevisionIsNotThere) {
  EXPECT_EQ(message_of<RevisionNotFoundError>(answer(404, {{"X-Error-Code", "RevisionNotFound"}})),
            "Revision 'main' of repository 'ana/bert-tiny' (model) not found at "
            "http://127.0.0.1:8080 (404, request 7f3a). Check the branch, tag or commit hash.");
}

TEST(RaiseForStatus, SaysWhichFileIsNotThere) {
  const Response response = answer(404, {{"X-Error-Code", "EntryNotFound"}});
  EXPECT_EQ(message_of<RemoteEntryNotFoundError>(response),
            "File 'config.json' not found in repository 'ana/bert-tiny' (model) at revision "
            "'main' at http://127.0.0.1:8080 (404, request 7f3a). Check the path; upper and lower "
            "case differ.");
  try {
    raise_for_status(response, about_file());
  } catch (const EntryNotFoundError& error) {
    EXPECT_EQ(error.entry(), "config.json");
  }
}

TEST(RaiseForStatus, SaysThatARepositoryIsGated) {
  const Response response =
      answer(403, {{"X-Error-Code", "GatedRepo"}, {"X-Error-Message", "Access is restricted"}});
  EXPECT_EQ(message_of<GatedRepoError>(response),
            "No access to the gated repository 'ana/bert-tiny' (model) at http://127.0.0.1:8080 "
            "(403, request 7f3a): Access is restricted. Ask for access on its page.");
  EXPECT_THROW(raise_for_status(response, about_file()), RepositoryNotFoundError);
}

TEST(RaiseForStatus, SaysThatARepositoryIsDisabled) {
  EXPECT_EQ(message_of<DisabledRepoError>(
                answer(403, {{"X-Error-Message", "Access to this resource is disabled."}})),
            "Repository 'ana/bert-tiny' (model) has been disabled at http://127.0.0.1:8080 (403, "
            "request 7f3a). Ask those who run the Hub why.");
}

TEST(RaiseForStatus, TellsTheOtherStatusesApart) {
  RequestContext context = about_file();
  context.doing = "committing to 'ana/bert-tiny'";
  context.writing = true;
  EXPECT_EQ(message_of<BadRequestError>(answer(400, {}, R"({"error":["a","b"]})"), context),
            "Refused: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (400, request 7f3a): "
            "a; b. Correct what was sent.");
  message_of<BadRequestError>(answer(422), context);
  EXPECT_EQ(message_of<ForbiddenError>(answer(403), context),
            "Not allowed: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (403, request "
            "7f3a). Use a token with write access there (its role must be write).");
  EXPECT_EQ(message_of<ConflictError>(answer(409), context),
            "Conflict: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (409, request 7f3a). "
            "Look at what is there and try again.");
  EXPECT_EQ(message_of<HeadMovedError>(answer(412), context),
            "The branch has moved: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (412, "
            "request 7f3a). Read its new head and make the change again on top.");
  EXPECT_EQ(message_of<PayloadTooLargeError>(answer(413), context),
            "Too large: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (413, request "
            "7f3a). Send less at once.");
  EXPECT_EQ(message_of<HubHttpError>(answer(503), context),
            "Failed: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (503, request 7f3a). "
            "The fault is the server's; try again later.");
  EXPECT_EQ(
      message_of<HubHttpError>(answer(501, {}, R"({"error":"No pull requests."})"), context),
      "This Hub cannot do it: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (501, request "
      "7f3a): No pull requests.");
  EXPECT_EQ(message_of<HubHttpError>(answer(501), context),
            "This Hub cannot do it: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (501, "
            "request 7f3a). Trying again does not help; do without.");
  EXPECT_EQ(message_of<HubHttpError>(answer(404), context),
            "Failed: committing to 'ana/bert-tiny' at http://127.0.0.1:8080 (404, request 7f3a). "
            "Check that HF_ENDPOINT is a Hub.");
}

TEST(RaiseForStatus, SaysHowLongToWait) {
  const Response response = answer(429, {{"Retry-After", "9"}});
  EXPECT_EQ(message_of<RateLimitedError>(response),
            "Too many requests: looking up 'config.json' of 'ana/bert-tiny' at "
            "http://127.0.0.1:8080 (429, request 7f3a). Try again in 10 s.");
  try {
    raise_for_status(response, about_file());
  } catch (const RateLimitedError& error) {
    EXPECT_EQ(error.retry_after(), std::chrono::seconds(10));
  }
}

TEST(RaiseForStatus, JoinsWhatTheServerSaidWithoutRepeatingIt) {
  try {
    raise_for_status(
        answer(400, {{"X-Error-Message", "bad"}},
               R"({"error":"bad","error_description":"why","errors":[{"message":"more"}]})"),
        about_file());
  } catch (const HubHttpError& error) {
    EXPECT_EQ(error.server_message(), "bad; why; more");
  }
}

TEST(RaiseForStatus, NeverRepeatsATokenOrControlCharacters) {
  const std::string token = "hf_" + std::string(34, 'A');
  const std::string text = message_of<BadRequestError>(
      answer(400, {{"X-Error-Message", "token " + token + "\x1b[31m is bad"}}));
  EXPECT_EQ(text.find(token), std::string::npos) << text;
  EXPECT_NE(text.find("token hf_**** [31m is bad"), std::string::npos) << text;
}

// A self-hosted Hub's token need not begin with hf_.
TEST(RaiseForStatus, NeverRepeatsTheTokenThatWasSent) {
  Response response = answer(400, {{"X-Error-Message", "secret-of-ana is bad"}},
                             R"({"error":"no secret-of-ana!"})");
  response.headers.set("X-Error-Code", "Bad secret-of-ana");
  try {
    raise_for_status(response, about_file());
    FAIL() << "no exception";
  } catch (const BadRequestError& error) {
    EXPECT_EQ(error.server_message(), "**** is bad; no ****!");
    EXPECT_EQ(error.error_code(), "Bad ****");
    EXPECT_EQ(std::string(error.what()).find("secret-of-ana"), std::string::npos) << error.what();
  }
}

TEST(RaiseForStatus, KnowsHowLongABusyServerAsksToWait) {
  try {
    raise_for_status(answer(503, {{"Retry-After", "20"}}), about_file());
    FAIL() << "no exception";
  } catch (const HubHttpError& error) {
    EXPECT_EQ(error.retry_after(), std::chrono::seconds(21));
  }
}

TEST(RaiseForStatus, SurvivesAnyBody) {
  for (const char* body : {"", "<html>", "[1]", "{\"error\":{}}", "{\"errors\":\"x\"}", "\"text\"",
                           "{\"errors\":[1,null]}"}) {
    EXPECT_THROW(raise_for_status(answer(400, {}, body), about_file()), BadRequestError) << body;
  }
}

}  // namespace
}  // namespace torchhub
