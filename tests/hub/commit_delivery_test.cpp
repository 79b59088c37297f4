#include "hub/commit_fixture.h"
#include "torchhub/hub/errors.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torchhub {
namespace {

using nlohmann::json;
using testing::CommitTest;
using testing::history;
using testing::kBatch;
using testing::kCommit;
using testing::kCommitRoute;
using testing::kCommits;
using testing::kHead;
using testing::kOtherCommit;
using testing::kOurPaths;
using testing::large;
using testing::lines_of;
using testing::ReceivedRequest;
using testing::ScriptedReply;
using testing::small;

/// A commit whose answer is lost, late, or a refusal.
struct CommitDeliveryTest : CommitTest {};

TEST_F(CommitDeliveryTest, FindsTheCommitWhoseAnswerWasLost) {
  hub.on(kCommitRoute, {.cut_after = -1});
  hub.on(kCommits, {.body = history({{kOtherCommit, "a title"}, {kCommit, "before"}})});
  const CommitInfo info = commit_a_file();
  EXPECT_EQ(info.oid, kOtherCommit);
  EXPECT_EQ(info.commit_url, hub.server().url() + "/demo/resnet/commit/" + kOtherCommit);
  EXPECT_EQ(tries(), 1) << "never a second commit";
}

TEST_F(CommitDeliveryTest, FindsItsCommitThoughTheHubTrimmedTheTexts) {
  options.commit_message = "a title ";
  options.commit_description = "\nwhy\n";
  hub.on(kCommitRoute, {.cut_after = -1});
  hub.on(kCommits, {.body = history({{kOtherCommit, "a title"}, {kCommit, "before"}}, "why")});
  EXPECT_EQ(commit_a_file().oid, kOtherCommit);
  EXPECT_EQ(tries(), 1);
}

TEST_F(CommitDeliveryTest, FindsItsCommitByAllThatItChanged) {
  hub.on(kBatch, {.body = json{{"objects", {{{"oid", sha256_hex("x")}, {"size", 1}}}}}.dump()});
  hub.on(kCommitRoute, {.cut_after = -1});
  hub.on(kCommits, {.body = history({{kOtherCommit, "a title"}, {kCommit, "before"}})});
  json asked;
  hub.on(kOurPaths, [&](const ReceivedRequest& request) {
    asked = json::parse(request.body).at("paths");
    // b.txt came inline, and the Hub keeps it as a large file all the same
    return ScriptedReply{
        .body = json::array({small("d/a.txt", "hello"), large("w.bin", "x"), large("b.txt", "b")})
                    .dump()};
  });
  EXPECT_EQ(commit({CommitOperationDelete{.path_in_repo = "d/"},
                    CommitOperationDelete{.path_in_repo = "old"},
                    CommitOperationAdd::from_bytes("d/a.txt", "hello"),
                    CommitOperationAdd::from_bytes("b.txt", "b"),
                    CommitOperationAdd::from_bytes(".gitattributes", "*.x"),
                    CommitOperationAdd::from_bytes("w.bin", "x")})
                .oid,
            kOtherCommit);
  EXPECT_EQ(asked, (json{"b.txt", "d/a.txt", "old", "w.bin"}));
  EXPECT_EQ(tries(), 1);
}

/// Another's commit of our title comes first; ours, sent again, becomes 3333... on top of it.
struct SameTitleTest : CommitDeliveryTest {
  const std::string third = std::string(40, '3');
  std::vector<json> headers;

  void SetUp() override {
    CommitDeliveryTest::SetUp();
    hub.on(kCommitRoute, [this](const ReceivedRequest& request) {
      headers.push_back(lines_of(request.body).at(0).at("value"));
      return headers.size() == 1 ? ScriptedReply{.cut_after = -1}
                                 : ScriptedReply{.body = json{{"commitOid", third}}.dump()};
    });
    hub.on(kCommits, {.body = history({{kOtherCommit, "a title"}, {kCommit, "before"}})});
  }
};

TEST_F(SameTitleTest, IsNotOursWithOtherContents) {
  hub.on(kOurPaths, {.body = json::array({small("a.txt", "another's")}).dump()});
  EXPECT_EQ(commit_a_file().oid, third);
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers[1].at("parentCommit"), kOtherCommit) << "the head that was seen";
}

TEST_F(SameTitleTest, IsNotOursWithAnotherLargeFile) {
  hub.on(kBatch, {.body = json{{"objects", {{{"oid", sha256_hex("x")}, {"size", 1}}}}}.dump()});
  hub.on(kOurPaths, {.body = json::array({large("w.bin", "y")}).dump()});
  EXPECT_EQ(commit({CommitOperationAdd::from_bytes("w.bin", "x")}).oid, third);
}

TEST_F(SameTitleTest, IsNotOursIfWhatWeDeleteIsThere) {
  hub.on(kOurPaths, {.body = json::array({small("a.txt", "hello"), small("old", "o")}).dump()});
  EXPECT_EQ(commit({CommitOperationAdd::from_bytes("a.txt", "hello"),
                    CommitOperationDelete{.path_in_repo = "old"}})
                .oid,
            third);
}

// Even the same files: it was there before our first try, so ours is still to come.
TEST_F(SameTitleTest, IsNotOursIfItCameWhileLargeFilesWentUp) {
  hub.on(kBatch, {.body = json{{"objects", {{{"oid", sha256_hex("x")}, {"size", 1}}}}}.dump()});
  hub.on(kHead, {.body = json{{"sha", kOtherCommit}}.dump()});
  hub.on(kOurPaths, {.body = json::array({large("w.bin", "x")}).dump()});
  EXPECT_EQ(commit({CommitOperationAdd::from_bytes("w.bin", "x")}).oid, third);
}

TEST_F(CommitDeliveryTest, SendsAgainWithTheParentItSawWhenNothingWasMade) {
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
TEST_F(CommitDeliveryTest, MakesNoSecondCommitWhenTheFirstLandsLate) {
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

TEST_F(CommitDeliveryTest, DoesNotTakeAnOlderCommitOfTheSameTitleForItsOwn) {
  hub.on(kCommitRoute, [n = 0](const ReceivedRequest&) mutable {
    return n++ == 0 ? ScriptedReply{.cut_after = -1} : ScriptedReply{.body = made()};
  });
  hub.on(kCommits, {.body = history({{kCommit, "before"}, {std::string(40, '0'), "a title"}})});
  EXPECT_EQ(commit_a_file().oid, kOtherCommit);
  EXPECT_EQ(tries(), 2);
}

TEST_F(CommitDeliveryTest, GoesOnTopWhenSomebodyElseWasFaster) {
  hub.on(kCommitRoute, [n = 0](const ReceivedRequest&) mutable {
    return n++ == 0 ? ScriptedReply{.status = 412} : ScriptedReply{.body = made()};
  });
  EXPECT_EQ(commit_a_file().oid, kOtherCommit);
  EXPECT_EQ(tries(), 2);
}

TEST_F(CommitDeliveryTest, SaysThatTheHeadMovedWhenAParentWasAskedFor) {
  options.parent_commit = std::string(40, '9');
  hub.on(kCommitRoute, {.status = 412});
  EXPECT_THROW(commit_a_file(), HeadMovedError);
  EXPECT_EQ(tries(), 1);
  EXPECT_EQ(sent_lines().at(0).at("value").at("parentCommit"), std::string(40, '9'));
}

TEST_F(CommitDeliveryTest, GivesUpAfterSomeTries) {
  hub.on(kCommitRoute, {.status = 500});
  hub.on(kCommits, {.body = history({{kCommit, "before"}})});
  EXPECT_THROW(commit_a_file(), HubHttpError);
  EXPECT_EQ(tries(), 6);
}

TEST_F(CommitDeliveryTest, WaitsAsLongAsTheHubAsks) {
  hub.on(kCommitRoute, [n = 0](const ReceivedRequest&) mutable {
    const int attempt = n++;
    if (attempt == 0) return ScriptedReply{.status = 429, .headers = {{"Retry-After", "9"}}};
    if (attempt == 1) return ScriptedReply{.status = 503, .headers = {{"Retry-After", "20"}}};
    return ScriptedReply{.body = made()};
  });
  hub.on(kCommits, {.body = history({{kCommit, "before"}})});
  EXPECT_EQ(commit_a_file().oid, kOtherCommit);
  EXPECT_EQ(hub.clock().sleeps(), (std::vector<std::chrono::milliseconds>{
                                      std::chrono::seconds(10), std::chrono::seconds(21)}));
}

TEST_F(CommitDeliveryTest, HandsOnARequestToWaitTooLong) {
  hub.on(kCommitRoute, {.status = 429, .headers = {{"Retry-After", "3600"}}});
  EXPECT_THROW(commit_a_file(), RateLimitedError);
  EXPECT_EQ(tries(), 1);
  EXPECT_TRUE(hub.clock().sleeps().empty());
}

TEST_F(CommitDeliveryTest, DoesNotRepeatWhatIsRefused) {
  hub.on(kCommitRoute, {.status = 403});
  EXPECT_THROW(commit_a_file(), ForbiddenError);
  EXPECT_EQ(tries(), 1);
}

}  // namespace
}  // namespace torchhub
