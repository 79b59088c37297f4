#include "hub/scripted_hub.h"
#include "torchhub/base/log.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using testing::demo_repo;
using testing::kCommit;
using testing::ReceivedRequest;
using testing::ScriptedHub;
using testing::ScriptedReply;
using testing::ScriptedServer;

TEST(HubClient, SendsItsHeadersWithEveryCall) {
  ScriptedHub hub;
  hub.on("GET /api/whoami-v2", {.body = R"({"name":"demo"})"});
  HubOptions options = hub.options();
  options.library = "app/2";
  options.user_agent_origin = "lab";
  HubClient(options).whoami();
  const ReceivedRequest request = hub.server().requests().at(0);
  EXPECT_EQ(request.headers.get("Authorization"), "Bearer hf_test");
  EXPECT_EQ(request.headers.get("User-Agent"), "app/2; torchhub/0.1.0; cpp/20; origin/lab");
  EXPECT_EQ(request.headers.get("X-Amzn-Trace-Id").value_or("").size(), 36U);
}

TEST(HubClient, ReadsWhoTheTokenIs) {
  ScriptedHub hub;
  hub.on("GET /api/whoami-v2",
         {.body = R"({"type":"user","name":"alice","fullname":"Alice A","orgs":[{"name":"my-org"}],
                      "auth":{"accessToken":{"displayName":"laptop","role":"write"}}})"});
  const WhoAmI me = hub.client().whoami();
  EXPECT_EQ(me.name, "alice");
  EXPECT_EQ(me.type, "user");
  EXPECT_EQ(me.token_name, "laptop");
  EXPECT_EQ(me.token_role, "write");
  EXPECT_EQ(me.orgs, std::vector<std::string>{"my-org"});
}

TEST(HubClient, AsksForASquashAsThePythonClientDoes) {
  ScriptedHub hub;
  hub.on("POST /api/models/demo/resnet/super-squash/a%2Fb", {.body = "{}"});
  hub.client().super_squash_history(demo_repo(), {.branch = "a/b"});
  EXPECT_EQ(nlohmann::json::parse(hub.server().requests().at(0).body),
            (nlohmann::json{{"message", "Super-squash branch 'a/b' using torchhub"}}));
  hub.client().super_squash_history(demo_repo(), {.branch = "a/b", .commit_message = "all"});
  EXPECT_EQ(nlohmann::json::parse(hub.server().requests().at(1).body).at("message"), "all");
}

TEST(HubClient, SaysThatATokenIsMissingBeforeItAsksAnything) {
  ScriptedHub hub;
  HubOptions options = hub.options();
  options.token.reset();
  const HubClient client(options);
  try {
    client.create_repo(demo_repo());
    FAIL() << "no exception";
  } catch (const LocalTokenNotFoundError& error) {
    EXPECT_EQ(std::string(error.what()),
              "No token for creating repository 'demo/resnet' at " + hub.server().url() +
                  ". Set HF_TOKEN (or HubOptions::token) to a token with write access.");
  }
  EXPECT_THROW(client.whoami(), LocalTokenNotFoundError);
  EXPECT_TRUE(hub.server().requests().empty());
}

TEST(HubClient, SendsNothingWhenOffline) {
  ScriptedHub hub;
  HubOptions options = hub.options();
  options.offline = true;
  try {
    HubClient(options).repo_info(demo_repo());
    FAIL() << "no exception";
  } catch (const OfflineModeIsEnabled& error) {
    EXPECT_EQ(std::string(error.what()),
              "Offline mode is on (HF_HUB_OFFLINE or HubOptions::offline): nothing was sent to " +
                  hub.server().url() +
                  " for reading about repository 'demo/resnet'. Turn it off to go online.");
  }
  EXPECT_TRUE(hub.server().requests().empty());
}

TEST(HubClient, SaysThatTheServerIsDown) {
  const std::string url = testing::url_where_nothing_listens();
  const HubClient client({.endpoint = url, .retry = {.max_retries = 0}});
  try {
    client.repo_info(demo_repo());
    FAIL() << "no exception";
  } catch (const ConnectionError& error) {
    EXPECT_EQ(std::string(error.what()),
              "reading about repository 'demo/resnet': No answer from " + url + " to GET " + url +
                  "/api/models/demo/resnet/revision/main: could not connect. Check the address and "
                  "that the server is running.");
  }
}

TEST(CreateRepo, SendsNameOwnerTypeAndVisibility) {
  ScriptedHub hub;
  hub.on("POST /api/repos/create",
         {.body = R"({"url":"http://h/datasets/ana/d","name":"ana/d","id":"62"})"});
  const RepoUrl made = hub.client().create_repo(
      {.id = RepoId::parse("ana/d"), .type = RepoType::dataset}, {.private_ = true});
  EXPECT_EQ(made.url, "http://h/datasets/ana/d");
  EXPECT_EQ(made.repo.id.str(), "ana/d");
  EXPECT_EQ(made.repo.type, RepoType::dataset);
  EXPECT_EQ(nlohmann::json::parse(hub.server().requests().at(0).body),
            nlohmann::json::parse(R"({"name":"d","organization":"ana","type":"dataset",
                                      "visibility":"private"})"));
}

TEST(CreateRepo, LeavesTheVisibilityToTheOwnersSettingsUnlessItIsAskedFor) {
  ScriptedHub hub;
  hub.on("POST /api/repos/create", {.body = R"({"url":"http://h/demo/resnet"})"});
  hub.client().create_repo(demo_repo());
  hub.client().create_repo(demo_repo(), {.private_ = false});
  const auto sent = [&](std::size_t i) {
    return nlohmann::json::parse(hub.server().requests().at(i).body);
  };
  EXPECT_FALSE(sent(0).contains("visibility"));
  EXPECT_EQ(sent(1).at("visibility"), "public");
}

TEST(CreateRepo, LearnsTheOwnerFromTheServer) {
  ScriptedHub hub;
  hub.on("POST /api/repos/create", {.body = R"({"url":"http://h/demo/m","name":"demo/m"})"});
  EXPECT_EQ(hub.client().create_repo({.id = RepoId::parse("m")}).repo.id.str(), "demo/m");
  EXPECT_EQ(nlohmann::json::parse(hub.server().requests().at(0).body).contains("organization"),
            false);
}

TEST(CreateRepo, TakesWhatIsThereIfToldSo) {
  ScriptedHub hub;
  hub.on(
      "POST /api/repos/create",
      {.status = 409,
       .body = R"({"error":"You already created this model repo","url":"http://h/demo/resnet"})"});
  EXPECT_EQ(hub.client().create_repo(demo_repo(), {.exist_ok = true}).url, "http://h/demo/resnet");
  EXPECT_THROW(hub.client().create_repo(demo_repo()), ConflictError);
}

TEST(CreateRepo, TakesWhatIsThereWhereItMayNotCreate) {
  ScriptedHub hub;
  hub.on("POST /api/repos/create", {.status = 403});
  hub.on("GET /api/models/demo/resnet", {.body = R"({"id":"demo/resnet"})"});
  EXPECT_EQ(hub.client().create_repo(demo_repo(), {.exist_ok = true}).repo, demo_repo());
  EXPECT_THROW(hub.client().create_repo(demo_repo()), ForbiddenError);
}

TEST(CreateRepo, IsNotRepeatedUnlessItMayExist) {
  ScriptedHub hub;
  hub.on("POST /api/repos/create", {.status = 503});
  EXPECT_THROW(hub.client().create_repo(demo_repo()), HubHttpError);
  EXPECT_EQ(hub.server().requests().size(), 1U);
  EXPECT_THROW(hub.client().create_repo(demo_repo(), {.exist_ok = true}), HubHttpError);
  EXPECT_EQ(hub.server().requests().size(), 1U + 6U);
}

TEST(AuthCheck, AsksForTheRightThatIsMeant) {
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/auth-check", {.body = "{}"});
  hub.on("GET /api/models/demo/resnet/auth-check/write",
         {.status = 403, .headers = {{"X-Error-Message", "The token may only read."}}});
  EXPECT_EQ(hub.client().auth_check(demo_repo()), AuthCheck::allowed);
  try {
    hub.client().auth_check(demo_repo(), RepoAccess::write);
    FAIL() << "no exception";
  } catch (const ForbiddenError& error) {
    EXPECT_EQ(std::string(error.what()),
              "Not allowed: asking for the right to write to 'demo/resnet' at " +
                  hub.server().url() +
                  " (403): The token may only read. Use a token with write access there (its role "
                  "must be write).");
  }
}

TEST(AuthCheck, KnowsNothingWhereTheHubCannotBeAsked) {
  ScriptedHub hub;
  EXPECT_EQ(hub.client().auth_check(demo_repo(), RepoAccess::write), AuthCheck::unknown);
  hub.on("GET /api/models/demo/resnet/auth-check/write",
         {.status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}});
  EXPECT_THROW(hub.client().auth_check(demo_repo(), RepoAccess::write), RepositoryNotFoundError);
}

TEST(RepoExists, IsNoForWhatCannotBeSeen) {
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet", {.body = "{}"});
  hub.on("GET /api/models/demo/none",
         {.status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}});
  EXPECT_TRUE(hub.client().repo_exists(demo_repo()));
  EXPECT_FALSE(hub.client().repo_exists({.id = RepoId::parse("demo/none")}));
}

TEST(RepoInfo, ReadsWhatItKnowsAndKeepsTheRest) {
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/revision/refs%2Fpr%2F1",
         {.body = R"({"id":"demo/resnet","sha":"abc","private":true,"gated":"auto","author":"demo",
                      "tags":["x"],"lastModified":"2026-01-02T03:04:05.000Z","other":1,"siblings":[
                      {"rfilename":"a"},{"rfilename":"b","size":5,"blobId":"i","lfs":{"sha256":"s"}}
                      ]})"});
  const RepoInfo info = hub.client().repo_info(demo_repo(), "refs/pr/1");
  EXPECT_EQ(info.id.str(), "demo/resnet");
  EXPECT_EQ(info.sha, "abc");
  EXPECT_TRUE(info.private_);
  EXPECT_EQ(info.gated, "auto");
  EXPECT_EQ(info.tags, std::vector<std::string>{"x"});
  ASSERT_EQ(info.siblings.size(), 2U);
  EXPECT_EQ(info.siblings[0].size, std::nullopt);
  EXPECT_EQ(info.siblings[1].size, 5U);
  EXPECT_EQ(info.siblings[1].lfs_sha256, "s");
  EXPECT_EQ(nlohmann::json::parse(info.raw).at("other"), 1);
}

TEST(RepoInfo, SurvivesFieldsOfOtherTypes) {
  ScriptedHub hub;
  for (const char* body : {"{}", "[]", "1", R"({"sha":1,"tags":"x","siblings":[1,null,{}]})"}) {
    hub.on("GET /api/models/demo/resnet/revision/main", {.body = body});
    EXPECT_EQ(hub.client().repo_info(demo_repo()).sha, "") << body;
  }
}

TEST(RepoInfo, FollowsARenamedRepositoryOnTheSameHost) {
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/revision/main",
         {.status = 307, .headers = {{"Location", "/api/models/demo/new/revision/main?a=b"}}});
  hub.on("GET /api/models/demo/new/revision/main", {.body = R"({"id":"demo/new","sha":"s"})"});
  EXPECT_EQ(hub.client().repo_info(demo_repo()).id.str(), "demo/new");
  EXPECT_EQ(hub.server().requests().at(1).target, "/api/models/demo/new/revision/main?a=b");
  EXPECT_TRUE(hub.server().requests().at(1).headers.get("Authorization"));
}

TEST(RepoInfo, FollowsNoRedirectToAnotherHost) {
  ScriptedServer other{{.body = "{}"}};
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/revision/main",
         {.status = 307, .headers = {{"Location", other.url() + "/steal"}}});
  EXPECT_THROW(hub.client().repo_info(demo_repo()), BadAnswerError);
  EXPECT_TRUE(other.requests().empty());
}

// Calls whose answer says nothing but yes took a redirect for one.
TEST(HubClient, TakesNoRedirectForDone) {
  const ScriptedReply away{.status = 302, .headers = {{"Location", "https://login.example/?t=1"}}};
  ScriptedHub hub;
  hub.on("DELETE /api/repos/delete", away);
  hub.on("POST /api/models/demo/resnet/branch/b", {.status = 301});
  hub.on("GET /api/models/demo/resnet/auth-check", away);
  const HubClient client = hub.client();
  try {
    client.delete_repo(demo_repo());
    FAIL() << "no exception";
  } catch (const BadAnswerError& error) {
    EXPECT_EQ(std::string(error.what()),
              hub.server().url() +
                  " redirects to https://login.example/ (302) while deleting repository "
                  "'demo/resnet'; that is not followed. Check that HF_ENDPOINT is the Hub's own "
                  "address.");
  }
  EXPECT_THROW(client.create_branch(demo_repo(), "b"), BadAnswerError);
  EXPECT_THROW(client.auth_check(demo_repo()), BadAnswerError);
}

TEST(HubClient, KeepsItsTokenOutOfTheServersWarnings) {
  ScriptedHub hub;
  hub.on("GET /api/whoami-v2",
         {.body = "{}", .headers = {{"X-HF-Warning", "token; hf_test runs out\x1b[31m"}}});
  std::vector<std::string> lines;
  log::set_sink([&](log::Level, std::string_view line) { lines.emplace_back(line); });
  hub.client().whoami();
  log::set_sink({});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("token; hf_**** runs out [31m"), std::string::npos) << lines[0];
}

TEST(RepoInfo, SaysThatTheAnswerIsNotAHubs) {
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/revision/main", {.body = "<html>login</html>"});
  try {
    hub.client().repo_info(demo_repo());
    FAIL() << "no exception";
  } catch (const BadAnswerError& error) {
    EXPECT_EQ(std::string(error.what()),
              hub.server().url() + " answered " + hub.server().url() +
                  "/api/models/demo/resnet/revision/main with something that is not JSON (200) "
                  "while reading about repository 'demo/resnet'. Check that HF_ENDPOINT is a Hub.");
  }
}

TEST(ListRepoTree, ReadsEveryPage) {
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/tree/main", [&](const ReceivedRequest& request) {
    if (request.target.find("cursor=2") != std::string::npos) {
      return ScriptedReply{
          .body = R"([{"type":"file","path":"w","oid":"p","size":1,"lfs":{"oid":"s","size":7}}])"};
    }
    return ScriptedReply{
        .body = R"([{"type":"directory","path":"d","oid":"t"},
                    {"type":"file","path":"d/a","oid":"b","size":3}])",
        .headers = {{"Link", "<" + hub.server().url() +
                                 "/api/models/demo/resnet/tree/main?cursor=2>; rel=\"next\""}}};
  });
  const auto entries = hub.client().list_repo_tree(demo_repo());
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].type, RepoTreeEntry::Type::directory);
  EXPECT_EQ(entries[1].content_id(), "b");
  EXPECT_EQ(entries[2].content_id(), "s");
  EXPECT_EQ(entries[2].size, 7U);
  EXPECT_EQ(hub.server().requests().at(0).target,
            "/api/models/demo/resnet/tree/main?recursive=true");
}

TEST(ListRepoTree, FollowsNoPageToAnotherHost) {
  ScriptedServer other{{.body = "[]"}};
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/tree/main",
         {.body = "[]", .headers = {{"Link", "<" + other.url() + "/x>; rel=\"next\""}}});
  EXPECT_THROW(hub.client().list_repo_tree(demo_repo()), BadAnswerError);
  EXPECT_TRUE(other.requests().empty());
}

TEST(ListRepoCommits, StopsAtTheLimit) {
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/commits/main",
         {.body = R"([{"id":"2","title":"two","message":"more","date":"d",
                       "authors":[{"user":"demo"}]},{"id":"1","title":"one"}])",
          .headers = {{"Link", "<" + hub.server().url() +
                                   "/api/models/demo/resnet/commits/main?p=1>; rel=\"next\""}}});
  const auto commits = hub.client().list_repo_commits(demo_repo(), "main", 1);
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(commits[0].title, "two");
  EXPECT_EQ(commits[0].message, "more");
  EXPECT_EQ(commits[0].authors, std::vector<std::string>{"demo"});
  EXPECT_EQ(hub.server().requests().size(), 1U);
}

TEST(Refs, AreReadByKind) {
  ScriptedHub hub;
  hub.on("GET /api/models/demo/resnet/refs",
         {.body = R"({"branches":[{"name":"main","ref":"refs/heads/main","targetCommit":"c"}],
                      "tags":[{"name":"v1","ref":"refs/tags/v1","targetCommit":"d"}]})"});
  const GitRefs refs = hub.client().list_repo_refs(demo_repo());
  ASSERT_EQ(refs.branches.size(), 1U);
  EXPECT_EQ(refs.branches[0].target_commit, "c");
  ASSERT_EQ(refs.tags.size(), 1U);
  EXPECT_EQ(refs.tags[0].name, "v1");
  EXPECT_TRUE(refs.pull_requests.empty());
}

TEST(CreateBranch, EncodesTheNameAndTakesWhatIsThereIfToldSo) {
  ScriptedHub hub;
  hub.on("POST /api/models/demo/resnet/branch/runs%2F1", {.status = 409});
  EXPECT_NO_THROW(
      hub.client().create_branch(demo_repo(), "runs/1", {.revision = kCommit, .exist_ok = true}));
  EXPECT_EQ(hub.server().requests().at(0).body, R"({"startingPoint":")" + kCommit + R"("})");
  EXPECT_THROW(hub.client().create_branch(demo_repo(), "runs/1"), ConflictError);
}

TEST(FileExists, AsksForTheHeadOnly) {
  ScriptedHub hub;
  hub.on("HEAD /demo/resnet/resolve/main/a%20b", {.status = 200});
  hub.on("HEAD /demo/resnet/resolve/main/none",
         {.status = 404, .headers = {{"X-Error-Code", "EntryNotFound"}}});
  EXPECT_TRUE(hub.client().file_exists(demo_repo(), "a b"));
  EXPECT_FALSE(hub.client().file_exists(demo_repo(), "none"));
}

TEST(FileExists, IsYesForAFileWhoseBytesAreElsewhere) {
  ScriptedHub hub;
  hub.on("HEAD /demo/resnet/resolve/main/w.bin",
         {.status = 302, .headers = {{"Location", "https://store.example/w"}}});
  EXPECT_TRUE(hub.client().file_exists(demo_repo(), "w.bin"));
}

}  // namespace
}  // namespace torchhub
