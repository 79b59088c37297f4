#include "hub/commit_fixture.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/base64.h"
#include "torchhub/base/log.h"
#include "torchhub/base/sha256.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::CommitTest;
using testing::kBatch;
using testing::kCommit;
using testing::kCommitRoute;
using testing::kOtherCommit;
using testing::kPreupload;
using testing::ReceivedRequest;
using testing::ScriptedReply;

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
  ASSERT_EQ(requests.size(), 6U);
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
  EXPECT_EQ(requests[4].path(), "/api/models/demo/resnet/revision/main")
      << "the head may have moved during the upload";
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

TEST_F(CommitTest, TakesNoRedirectForAnUpload) {
  hub.on(
      kBatch,
      {.body = json{{"objects",
                     {{{"oid", sha256_hex("x")},
                       {"actions", {{"upload", {{"href", hub.server().url() + "/put?sig=1"}}}}}}}}}
                   .dump()});
  hub.on("PUT /put", {.status = 302, .headers = {{"Location", "https://login.example/"}}});
  EXPECT_THROW(commit({CommitOperationAdd::from_bytes("w.bin", "x")}), BadAnswerError);
  EXPECT_EQ(tries(), 0);
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

TEST_F(CommitTest, TakesNoRedirectForAJudgementOfTheCard) {
  hub.on("POST /api/validate-yaml",
         {.status = 302, .headers = {{"Location", "https://login.example/"}}});
  EXPECT_THROW(commit({CommitOperationAdd::from_bytes("README.md", "# Hi")}), BadAnswerError);
}

TEST_F(CommitTest, KeepsTheTokenOutOfTheHubsWordsOnTheCard) {
  hub.on("POST /api/validate-yaml",
         {.body = R"({"warnings":[{"message":"no license; you are hf_test"}]})"});
  std::vector<std::string> lines;
  log::set_sink([&](log::Level, std::string_view line) { lines.emplace_back(line); });
  commit({CommitOperationAdd::from_bytes("README.md", "# Hi")});
  log::set_sink({});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("no license; you are hf_****"), std::string::npos) << lines[0];
}

TEST_F(CommitTest, CommitsTheCardWhereTheHubHasNoOpinion) {
  EXPECT_NO_THROW(commit({CommitOperationAdd::from_bytes("README.md", "# Hi")}));
}

}  // namespace
}  // namespace torchhub
