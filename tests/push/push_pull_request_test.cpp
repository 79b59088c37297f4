// What the client sends for a pull request, to a Hub whose answers are written down here.
#include "hub/scripted_hub.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/hub/errors.h"
#include "torchhub/push/push_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::kCommit;
using testing::kOtherCommit;
using testing::ReceivedRequest;
using testing::ScriptedHub;
using testing::ScriptedReply;

/// A Hub with the repository demo/resnet, to which the token may not write.
class PushPullRequest : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file_atomically(hub_.folder() / "net/config.json", "{}");
    const ScriptedReply forbidden{.status = 403, .body = R"({"error":"no right to write"})"};
    hub_.on("POST /api/repos/create", forbidden);
    hub_.on("GET /api/models/demo/resnet", {.body = R"({"id":"demo/resnet"})"});
    hub_.on("POST /api/models/demo/resnet/branch/v2", forbidden);
    hub_.on("GET /api/models/demo/resnet/revision/v2", {.body = json{{"sha", kCommit}}.dump()});
    hub_.on("HEAD /demo/resnet/resolve/" + kCommit + "/README.md",
            {.status = 404, .headers = {{"X-Error-Code", "EntryNotFound"}}});
    hub_.on("POST /api/models/demo/resnet/preupload/v2", [](const ReceivedRequest& request) {
      const json asked = json::parse(request.body);
      json files = json::array();
      for (const json& file : asked.at("files")) {
        files.push_back({{"path", file.at("path")}, {"uploadMode", "regular"}});
      }
      return ScriptedReply{.body = json{{"files", files}, {"commitOid", kCommit}}.dump()};
    });
    hub_.on("POST /api/models/demo/resnet/commit/v2",
            {.body = json{{"commitOid", kOtherCommit},
                          {"pullRequestUrl", "http://h/demo/resnet/discussions/7"}}
                         .dump()});
  }

  CommitInfo push(bool create_pr) const {
    return push_folder(
        hub_.client(), hub_.folder() / "net",
        {.repo_id = "demo/resnet", .revision = "v2", .create_pr = create_pr, .tags = {"a"}});
  }

  bool asked_to_make_nothing() const {
    const auto lines = hub_.server().request_lines();
    return std::none_of(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("/branch/") != std::string::npos ||
             line.find("/repos/create") != std::string::npos;
    });
  }

  ScriptedHub hub_;
};

TEST_F(PushPullRequest, IsMadeWithoutTheRightToMakeABranch) {
  const CommitInfo info = push(true);
  EXPECT_EQ(info.oid, kOtherCommit);
  EXPECT_EQ(info.pr_url, "http://h/demo/resnet/discussions/7");
  EXPECT_EQ(info.pr_num, 7);
  EXPECT_EQ(info.pr_revision, "refs/pr/7");
  const ReceivedRequest last = hub_.server().requests().back();
  EXPECT_EQ(last.target, "/api/models/demo/resnet/commit/v2?create_pr=1");
  EXPECT_TRUE(asked_to_make_nothing());
  for (const char* part : {"config.json", "README.md", "Upload folder using torchhub"}) {
    EXPECT_NE(last.body.find(part), std::string::npos) << last.body;
  }
}

TEST_F(PushPullRequest, IsNotMadeUnlessAskedFor) {
  EXPECT_THROW(push(false), ForbiddenError);
  const auto lines = hub_.server().request_lines();
  EXPECT_EQ(lines.back(), "POST /api/models/demo/resnet/branch/v2");
}

TEST_F(PushPullRequest, IsPushedToByItsRefWithoutMakingABranch) {
  hub_.on("GET /api/models/demo/resnet/revision/refs%2Fpr%2F7",
          {.body = json{{"sha", kCommit}}.dump()});
  hub_.on(
      "POST /api/models/demo/resnet/preupload/refs%2Fpr%2F7",
      {.body = json{{"files", json::array({{{"path", "config.json"}, {"uploadMode", "regular"}},
                                           {{"path", "README.md"}, {"uploadMode", "regular"}}})},
                    {"commitOid", kCommit}}
                   .dump()});
  hub_.on("POST /api/models/demo/resnet/commit/refs%2Fpr%2F7",
          {.body = json{{"commitOid", kOtherCommit}}.dump()});
  const CommitInfo info = push_folder(hub_.client(), hub_.folder() / "net",
                                      {.repo_id = "demo/resnet", .revision = "refs/pr/7"});
  EXPECT_EQ(info.oid, kOtherCommit);
  const auto lines = hub_.server().request_lines();
  EXPECT_TRUE(std::none_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("/branch/") != std::string::npos;
  }));
}

}  // namespace
}  // namespace torchhub
