#include "hub/scripted_hub.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/base64.h"
#include "torchhub/base/sha256.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::demo_repo;
using testing::kCommit;
using testing::kOtherCommit;
using testing::ReceivedRequest;
using testing::ScriptedHub;
using testing::ScriptedReply;

const std::string kPreupload = "POST /api/models/demo/resnet/preupload/main";
const std::string kCommitRoute = "POST /api/models/demo/resnet/commit/main";
const std::string kCommits = "GET /api/models/demo/resnet/commits/main";
const std::string kBatch = "POST /demo/resnet.git/info/lfs/objects/batch";

std::vector<json> lines_of(const std::string& body) {
  std::vector<json> lines;
  std::istringstream text(body);
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

std::string history(std::vector<std::pair<std::string, std::string>> commits) {
  json list = json::array();
  for (const auto& [id, title] : commits) {
    list.push_back({{"id", id}, {"title", title}, {"message", ""}});
  }
  return list.dump();
}

/// A hub at kCommit whose `*.bin` go to LFS, and that makes kOtherCommit of the next commit.
struct CommitTest : ::testing::Test {
  ScriptedHub hub;
  std::map<std::string, std::string> remote_oids;
  CommitOptions options{.commit_message = "a title"};

  void SetUp() override {
    hub.on(kPreupload, [this](const ReceivedRequest& request) {
      const json asked = json::parse(request.body);
      json files = json::array();
      for (const json& file : asked.at("files")) {
        const std::string path = file.at("path");
        json entry{{"path", path},
                   {"uploadMode", path.ends_with(".bin") ? "lfs" : "regular"},
                   {"shouldIgnore", path.ends_with(".log")}};
        if (remote_oids.contains(path)) entry["oid"] = remote_oids[path];
        files.push_back(std::move(entry));
      }
      return ScriptedReply{.body = json{{"files", files}, {"commitOid", kCommit}}.dump()};
    });
    hub.on(kCommitRoute, {.body = made()});
  }

  static std::string made() {
    return json{{"success", true}, {"commitOid", kOtherCommit}, {"commitUrl", "http://h/c"}}.dump();
  }

  CommitInfo commit(const std::vector<CommitOperation>& operations) {
    return hub.client().create_commit(demo_repo(), operations, options);
  }
  CommitInfo commit_a_file() { return commit({CommitOperationAdd::from_bytes("a.txt", "hello")}); }

  std::vector<json> sent_lines() const {
    for (const auto& request : hub.server().requests()) {
      if (request.method + " " + request.path() == kCommitRoute) return lines_of(request.body);
    }
    return {};
  }
  int tries() const {
    int count = 0;
    for (const auto& request : hub.server().requests()) {
      count += request.method + " " + request.path() == kCommitRoute;
    }
    return count;
  }
};

TEST_F(CommitTest, SendsSmallFilesAsBase64) {
  options.commit_description = "why";
  const CommitInfo info = commit_a_file();
  EXPECT_EQ(info.oid, kOtherCommit);
  EXPECT_EQ(info.commit_url, "http://h/c");
  EXPECT_TRUE(info.changed);
  EXPECT_EQ(info.bytes_sent, 5U);
  EXPECT_EQ(hub.server().request_lines(), (std::vector<std::string>{kPreupload, kCommitRoute}));
  const json asked = json::parse(hub.server().requests()[0].body).at("files").at(0);
  EXPECT_EQ(asked, (json{{"path", "a.txt"}, {"sample", base64_encode("hello")}, {"size", 5}}));
  EXPECT_EQ(hub.server().requests()[1].headers.get("Content-Type"), "application/x-ndjson");
  const auto lines = sent_lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0],
            json::parse(R"({"key":"header","value":{"summary":"a title","description":"why"}})"));
  EXPECT_EQ(lines[1].at("value").at("path"), "a.txt");
  EXPECT_EQ(base64_decode(lines[1].at("value").at("content").get<std::string>()), "hello");
}

TEST_F(CommitTest, SendsLargeFilesToTheSignedLinkWithoutTheToken) {
  const std::string bytes(1000, 'b');
  write_file_atomically(hub.folder() / "w", bytes);
  hub.on(kBatch, {.body = json{{"objects",
                                {{{"oid", sha256_hex(bytes)},
                                  {"size", 1000},
                                  {"actions",
                                   {{"upload", {{"href", hub.server().url() + "/put?sig=1"}}},
                                    {"verify", {{"href", hub.server().url() + "/verify"}}}}}}}}}
                              .dump()});
  hub.on("PUT /put", {.status = 200});
  hub.on("POST /verify", {.status = 200});
  const CommitInfo info = commit({CommitOperationAdd::from_file("w.bin", hub.folder() / "w")});
  EXPECT_EQ(info.bytes_sent, 1000U);
  const auto requests = hub.server().requests();
  ASSERT_EQ(requests.size(), 5U);
  EXPECT_EQ(json::parse(requests[1].body),
            (json{{"operation", "upload"},
                  {"transfers", {"basic", "multipart"}},
                  {"objects", {{{"oid", sha256_hex(bytes)}, {"size", 1000}}}},
                  {"hash_algo", "sha256"},
                  {"ref", {{"name", "main"}}}}));
  EXPECT_EQ(requests[1].headers.get("Content-Type"), "application/vnd.git-lfs+json");
  EXPECT_EQ(requests[2].target, "/put?sig=1");
  EXPECT_EQ(requests[2].body, bytes);
  EXPECT_EQ(requests[2].headers.get("Authorization"), std::nullopt);
  EXPECT_EQ(requests[3].path(), "/verify");
  EXPECT_EQ(
      sent_lines().at(1),
      (json{
          {"key", "lfsFile"},
          {"value",
           {{"path", "w.bin"}, {"algo", "sha256"}, {"oid", sha256_hex(bytes)}, {"size", 1000}}}}));
}

TEST_F(CommitTest, SendsPartsAndTheirEtags) {
  const std::string bytes = "0123456789";
  const std::string base = hub.server().url();
  hub.on(kBatch, {.body = json{{"transfer", "multipart"},
                               {"objects",
                                {{{"oid", sha256_hex(bytes)},
                                  {"size", 10},
                                  {"actions",
                                   {{"upload",
                                     {{"href", base + "/complete"},
                                      {"header",
                                       {{"chunk_size", "4"},
                                        {"00001", base + "/part/1"},
                                        {"00002", base + "/part/2"},
                                        {"00003", base + "/part/3"}}}}}}}}}}}
                              .dump()});
  std::map<std::string, std::string> parts;
  for (const char* part : {"/part/1", "/part/2", "/part/3"}) {
    hub.on(std::string("PUT ") + part, [&](const ReceivedRequest& request) {
      parts[request.target] = request.body;
      return ScriptedReply{.headers = {{"ETag", "\"" + request.target + "\""}}};
    });
  }
  json completed;
  hub.on("POST /complete", [&](const ReceivedRequest& request) {
    completed = json::parse(request.body);
    EXPECT_EQ(request.headers.get("Authorization"), std::nullopt);
    return ScriptedReply{};
  });
  std::uint64_t done = 0;
  options.progress = [&](const TransferProgress& step) { done = std::max(done, step.bytes_done); };
  commit({CommitOperationAdd::from_bytes("w.bin", bytes)});
  EXPECT_EQ(parts, (std::map<std::string, std::string>{
                       {"/part/1", "0123"}, {"/part/2", "4567"}, {"/part/3", "89"}}));
  EXPECT_EQ(completed, json::parse(R"({"oid":")" + sha256_hex(bytes) + R"(","parts":[
      {"partNumber":1,"etag":"\"/part/1\""},{"partNumber":2,"etag":"\"/part/2\""},
      {"partNumber":3,"etag":"\"/part/3\""}]})"));
  EXPECT_EQ(done, 10U);
}

TEST_F(CommitTest, RefusesPartsThatDoNotFit) {
  hub.on(kBatch,
         {.body = json{{"objects",
                        {{{"oid", sha256_hex("0123456789")},
                          {"actions",
                           {{"upload",
                             {{"href", "/x"}, {"header", {{"chunk_size", "4"}, {"1", "/p"}}}}}}}}}}}
                      .dump()});
  EXPECT_THROW(commit({CommitOperationAdd::from_bytes("w.bin", "0123456789")}), BadAnswerError);
}

TEST_F(CommitTest, SendsNoObjectThatTheServerHas) {
  hub.on(kBatch, {.body = json{{"objects", {{{"oid", sha256_hex("x")}, {"size", 1}}}}}.dump()});
  EXPECT_EQ(commit({CommitOperationAdd::from_bytes("w.bin", "x")}).bytes_sent, 0U);
  EXPECT_EQ(tries(), 1);
}

TEST_F(CommitTest, SaysWhyTheServerRefusesAnObject) {
  hub.on(kBatch, {.body = json{{"objects",
                                {{{"oid", sha256_hex("x")},
                                  {"error", {{"code", 413}, {"message", "over quota"}}}}}}}
                              .dump()});
  EXPECT_THROW(commit({CommitOperationAdd::from_bytes("w.bin", "x")}), PayloadTooLargeError);
  EXPECT_EQ(tries(), 0);
}

TEST_F(CommitTest, AsksForAFreshLinkWhenASignedOneHasRunOut) {
  hub.on(kBatch, [this, n = 0](const ReceivedRequest&) mutable {
    return ScriptedReply{
        .body =
            json{
                {"objects",
                 {{{"oid", sha256_hex("x")},
                   {"actions",
                    {{"upload", {{"href", hub.server().url() + (n++ == 0 ? "/old" : "/new")}}}}}}}}}
                .dump()};
  });
  hub.on("PUT /old", {.status = 403});
  hub.on("PUT /new", {.status = 200});
  EXPECT_NO_THROW(commit({CommitOperationAdd::from_bytes("w.bin", "x")}));
}

TEST_F(CommitTest, LeavesOutWhatIsThereAlready) {
  remote_oids = {{"a.txt", git_blob_id("same")}, {"w.bin", sha256_hex("same")}};
  const CommitInfo info = commit({CommitOperationAdd::from_bytes("a.txt", "same"),
                                  CommitOperationAdd::from_bytes("w.bin", "same"),
                                  CommitOperationAdd::from_bytes("new.txt", "new")});
  EXPECT_TRUE(info.changed);
  ASSERT_EQ(sent_lines().size(), 2U);
  EXPECT_EQ(sent_lines()[1].at("value").at("path"), "new.txt");
}

TEST_F(CommitTest, ReturnsTheHeadWhenNothingIsNew) {
  remote_oids = {{"a.txt", git_blob_id("hello")}};
  const CommitInfo info = commit_a_file();
  EXPECT_FALSE(info.changed);
  EXPECT_EQ(info.oid, kCommit);
  EXPECT_EQ(info.commit_url, hub.server().url() + "/demo/resnet/commit/" + kCommit);
  EXPECT_EQ(tries(), 0);
}

TEST_F(CommitTest, LeavesOutWhatTheServerIgnores) {
  EXPECT_FALSE(commit({CommitOperationAdd::from_bytes("x.log", "x")}).changed);
}

TEST_F(CommitTest, SendsAnEmptyFileInline) {
  commit({CommitOperationAdd::from_bytes("empty.bin", "")});
  EXPECT_EQ(sent_lines().at(1).at("key"), "file");
}

TEST_F(CommitTest, TrustsAKnownHash) {
  remote_oids = {{"w.bin", std::string(64, 'e')}};
  write_file_atomically(hub.folder() / "w", "bytes");
  EXPECT_FALSE(
      commit({CommitOperationAdd::from_file("w.bin", hub.folder() / "w", std::string(64, 'e'))})
          .changed);
}

TEST_F(CommitTest, DeletesAndCopies) {
  hub.on("POST /api/models/demo/resnet/paths-info/main",
         {.body = R"([{"type":"file","path":"old.bin","lfs":{"oid":")" + std::string(64, 'c') +
                  R"(","size":9}}])"});
  hub.on("GET /api/models/demo/resnet/revision/main", {.body = R"({"sha":")" + kCommit + "\"}"});
  commit({CommitOperationDelete{.path_in_repo = "a"}, CommitOperationDelete{.path_in_repo = "d/"},
          CommitOperationCopy{.source_path = "old.bin", .path_in_repo = "new.bin"}});
  const auto lines = sent_lines();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1], json::parse(R"({"key":"deletedFile","value":{"path":"a"}})"));
  EXPECT_EQ(lines[2].at("key"), "deletedFolder");
  EXPECT_EQ(lines[3].at("value").at("oid"), std::string(64, 'c'));
}

TEST_F(CommitTest, NamesEveryProblemBeforeItAsksAnything) {
  options.commit_message = "";
  options.parent_commit = "abc";
  try {
    commit({CommitOperationAdd::from_bytes("../a", "x"), CommitOperationAdd::from_bytes("b", "x"),
            CommitOperationAdd::from_bytes("b", "y")});
    FAIL() << "no exception";
  } catch (const InvalidArgumentError& error) {
    EXPECT_EQ(error.problems().size(), 4U) << error.what();
    EXPECT_EQ(error.problems().at(0), "the commit message is empty");
    EXPECT_EQ(error.problems().at(3), "'b' is added twice");
  }
  EXPECT_TRUE(hub.server().requests().empty());
}

TEST_F(CommitTest, NamesAFileThatIsNotThere) {
  EXPECT_THROW(commit({CommitOperationAdd::from_file("a", "/none/here")}), FileError);
  EXPECT_THROW(commit({CommitOperationAdd::from_file("a", hub.folder().path())}), FileError);
}

// -- an answer that is lost
// ------------------------------------------------------------------------

TEST_F(CommitTest, FindsTheCommitWhoseAnswerWasLost) {
  hub.on(kCommitRoute, {.cut_after = -1});
  hub.on(kCommits, {.body = history({{kOtherCommit, "a title"}, {kCommit, "before"}})});
  const CommitInfo info = commit_a_file();
  EXPECT_EQ(info.oid, kOtherCommit);
  EXPECT_EQ(info.commit_url, hub.server().url() + "/demo/resnet/commit/" + kOtherCommit);
  EXPECT_EQ(tries(), 1) << "never a second commit";
}

TEST_F(CommitTest, SendsAgainWithTheParentItSawWhenNothingWasMade) {
  std::vector<json> headers;
  hub.on(kCommitRoute, [&, n = 0](const ReceivedRequest& request) mutable {
    headers.push_back(lines_of(request.body).at(0).at("value"));
    return n++ == 0 ? ScriptedReply{.status = 504} : ScriptedReply{.body = made()};
  });
  hub.on(kCommits, {.body = history({{kCommit, "before"}})});
  EXPECT_EQ(commit_a_file().oid, kOtherCommit);
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_FALSE(headers[0].contains("parentCommit"));
  EXPECT_EQ(headers[1].at("parentCommit"), kCommit);
}

// The first try lands after the history was read: the repeat gets 412 and finds it then.
TEST_F(CommitTest, MakesNoSecondCommitWhenTheFirstLandsLate) {
  bool landed = false;
  hub.on(kCommitRoute, [&, n = 0](const ReceivedRequest&) mutable {
    if (n++ == 0) return ScriptedReply{.cut_after = -1};
    landed = true;
    return ScriptedReply{.status = 412};
  });
  hub.on(kCommits, [&](const ReceivedRequest&) {
    return ScriptedReply{.body = landed ? history({{kOtherCommit, "a title"}, {kCommit, "before"}})
                                        : history({{kCommit, "before"}})};
  });
  EXPECT_EQ(commit_a_file().oid, kOtherCommit);
  EXPECT_EQ(tries(), 2);
}

TEST_F(CommitTest, DoesNotTakeAnOlderCommitOfTheSameTitleForItsOwn) {
  hub.on(kCommitRoute, [n = 0](const ReceivedRequest&) mutable {
    return n++ == 0 ? ScriptedReply{.cut_after = -1} : ScriptedReply{.body = made()};
  });
  hub.on(kCommits, {.body = history({{kCommit, "before"}, {std::string(40, '0'), "a title"}})});
  EXPECT_EQ(commit_a_file().oid, kOtherCommit);
  EXPECT_EQ(tries(), 2);
}

TEST_F(CommitTest, GoesOnTopWhenSomebodyElseWasFaster) {
  hub.on(kCommitRoute, [n = 0](const ReceivedRequest&) mutable {
    return n++ == 0 ? ScriptedReply{.status = 412} : ScriptedReply{.body = made()};
  });
  EXPECT_EQ(commit_a_file().oid, kOtherCommit);
  EXPECT_EQ(tries(), 2);
}

TEST_F(CommitTest, SaysThatTheHeadMovedWhenAParentWasAskedFor) {
  options.parent_commit = std::string(40, '9');
  hub.on(kCommitRoute, {.status = 412});
  EXPECT_THROW(commit_a_file(), HeadMovedError);
  EXPECT_EQ(tries(), 1);
  EXPECT_EQ(sent_lines().at(0).at("value").at("parentCommit"), std::string(40, '9'));
}

TEST_F(CommitTest, GivesUpAfterSomeTries) {
  hub.on(kCommitRoute, {.status = 500});
  hub.on(kCommits, {.body = history({{kCommit, "before"}})});
  EXPECT_THROW(commit_a_file(), HubHttpError);
  EXPECT_EQ(tries(), 6);
}

TEST_F(CommitTest, DoesNotRepeatWhatIsRefused) {
  hub.on(kCommitRoute, {.status = 403});
  EXPECT_THROW(commit_a_file(), ForbiddenError);
  EXPECT_EQ(tries(), 1);
}

TEST_F(CommitTest, ReadsThePullRequestItMade) {
  options.create_pr = true;
  hub.on(kCommitRoute, {.body = json{{"commitOid", kOtherCommit},
                                     {"pullRequestUrl", "http://h/demo/resnet/discussions/3"}}
                                    .dump()});
  const CommitInfo info = commit_a_file();
  EXPECT_EQ(info.pr_num, 3);
  EXPECT_EQ(info.pr_revision, "refs/pr/3");
  EXPECT_EQ(hub.server().requests().back().target,
            "/api/models/demo/resnet/commit/main?create_pr=1");
}

// -- the card
// --------------------------------------------------------------------------------------

TEST_F(CommitTest, LetsTheHubJudgeTheCardFirst) {
  hub.on("POST /api/validate-yaml",
         {.status = 400, .body = R"({"errors":[{"message":"\"license\" must be known"}]})"});
  try {
    commit({CommitOperationAdd::from_bytes("README.md", "---\nlicense: x\n---\n")});
    FAIL() << "no exception";
  } catch (const BadRequestError& error) {
    EXPECT_NE(std::string(error.what()).find("\"license\" must be known"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(hub.server().requests().size(), 1U);
}

TEST_F(CommitTest, CommitsTheCardWhereTheHubHasNoOpinion) {
  EXPECT_NO_THROW(commit({CommitOperationAdd::from_bytes("README.md", "# Hi")}));
}

}  // namespace
}  // namespace torchhub
