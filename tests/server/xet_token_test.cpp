#include "server/store/database.h"
#include "server/xet_fixture.h"
#include "torchhub/wire/commit_lines.h"
#include "xet/inputs.h"

namespace torchhub::testing {
namespace {

using nlohmann::json;

TEST_F(XetTest, GivesATokenInBothFormsThatClientsRead) {
  for (const char* right : {"read", "write"}) {
    const Response response =
        client_.get(std::string("/api/models/demo/m/xet-") + right + "-token/main");
    ASSERT_EQ(response.status, 200);
    const json body = json::parse(response.body);
    EXPECT_EQ(body.at("casUrl"), hub_.base_url());
    EXPECT_EQ(body.at("exp"), 1'790'003'600);
    EXPECT_EQ(response.headers.get("X-Xet-Access-Token"),
              body.at("accessToken").get<std::string>());
    EXPECT_EQ(response.headers.get("X-Xet-Cas-Url"), hub_.base_url());
    EXPECT_EQ(response.headers.get("X-Xet-Token-Expiration"), "1790003600");
  }
}

TEST_F(XetTest, SendsWithNothingButATokenToSendWith) {
  const XetParts parts = cut_for_xet("some bytes");
  XetPusher push = pusher();
  const std::string good = push.token();
  const auto status_with = [&](std::string token) {
    push.set_token(std::move(token));
    const int xorb = push.send_xorb(parts).status;
    EXPECT_EQ(push.send_shard(parts.shard()).status, xorb);
    return xorb;
  };
  EXPECT_EQ(status_with(""), 401);
  EXPECT_EQ(status_with(hub_.token()), 401);
  EXPECT_EQ(status_with("xet."), 401);
  for (const std::size_t at : {5U, 40U, 55U, 58U, 80U, 120U}) {
    std::string forged = good;
    forged[at] = forged[at] == '0' ? '1' : '0';
    EXPECT_EQ(status_with(forged), 401) << forged;
  }
  EXPECT_EQ(status_with(push.ask("read")), 403);
  EXPECT_EQ(files_in("xet"), 0U);
  EXPECT_EQ(status_with(good), 200);
}

TEST_F(XetTest, TokensEndAfterAnHour) {
  const XetParts parts = cut_for_xet("some bytes");
  const XetPusher push = pusher();
  clock_->advance(std::chrono::minutes(59));
  EXPECT_EQ(push.send_xorb(parts).status, 200);
  clock_->advance(std::chrono::minutes(1));
  const Response late = push.send_xorb(parts);
  EXPECT_EQ(late.status, 401);
  EXPECT_NE(late.body.find("has expired"), std::string::npos);
}

TEST_F(XetTest, TokensOutliveAClockThatIsSetBackALittle) {
  const XetPusher push = pusher();
  clock_->set_wall(-std::chrono::minutes(30));
  EXPECT_EQ(push.send_xorb(cut_for_xet("some bytes")).status, 200);
  clock_->advance(std::chrono::minutes(90));
  EXPECT_EQ(push.send_xorb(cut_for_xet("some bytes")).status, 401);
}

TEST_F(XetTest, TokensOfAClockThatWasFarAheadEndWithIt) {
  const XetPusher before = pusher();
  clock_->set_wall(std::chrono::hours(24 * 3650));
  EXPECT_EQ(before.send_xorb(cut_for_xet("some bytes")).status, 401);
  const XetPusher ahead = pusher();
  EXPECT_EQ(ahead.send_xorb(cut_for_xet("some bytes")).status, 200);
  clock_->set_wall(-std::chrono::hours(24 * 3650));
  const Response refused = ahead.send_xorb(cut_for_xet("some bytes"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.body.find("was ahead"), std::string::npos) << refused.body;
  EXPECT_EQ(before.send_xorb(cut_for_xet("some bytes")).status, 200) << "its hour goes on";
}

TEST_F(XetTest, ATokenIsWorthNoMoreThanItsUserIsNow) {
  hub_.admin().create_organization("lab", "demo");
  HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  hub_.admin().set_member("lab", "eve", OrganizationRole::write);
  client_.create_repo("r", {{"organization", "lab"}, {"private", true}});
  const XetPusher push(eve, "models/lab/r");
  EXPECT_EQ(push.send_xorb(cut_for_xet("one")).status, 200);
  hub_.admin().set_member("lab", "eve", OrganizationRole::read);
  EXPECT_EQ(push.send_xorb(cut_for_xet("two")).status, 403);
}

TEST_F(XetTest, ATokenEndsWithItsRepository) {
  const XetParts parts = cut_for_xet("some bytes");
  const XetPusher push = pusher();
  EXPECT_EQ(push.send_xorb(parts).status, 200);
  ASSERT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
  const Response response = push.send_shard(parts.shard());
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("X-Error-Code"), "RepoNotFound");
}

TEST_F(XetTest, TokensAreForThoseWhoMayDoWhatTheyAreFor) {
  const std::string write = "/api/models/demo/m/xet-write-token/main";
  const std::string read = "/api/models/demo/m/xet-read-token/main";
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  EXPECT_EQ(eve.get(write).status, 403);
  EXPECT_EQ(eve.get(read).status, 200);
  EXPECT_EQ(HubClient(hub_.base_url(), hub_.read_token()).get(write).status, 403);
  const HubClient nobody(hub_.base_url(), "");
  EXPECT_EQ(nobody.get(write).status, 401);
  EXPECT_EQ(nobody.get(read).status, 200);
  EXPECT_EQ(client_.get("/api/models/demo/m/xet-write-token/nope").headers.get("X-Error-Code"),
            "RevisionNotFound");
}

TEST_F(XetTest, WhoMayReadSendsForAPullRequestWhatIsNotTheRepositorysYet) {
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  const std::string target = "/api/models/demo/m/xet-write-token/";
  for (const std::string revision : {"main", "None"}) {
    const json answer = eve.get_json(target + revision + "?create_pr=1");
    const std::string bytes = "bytes for " + revision;
    const XetPusher push(eve, "models/demo/m", answer.at("accessToken"));
    const std::string oid = push.push(cut_for_xet(bytes));
    EXPECT_FALSE(is_ours(oid, bytes.size()));
    EXPECT_EQ(push.send_shard(cut_for_xet(bytes).shard()).body, R"({"result":0})");
    const Response commit = eve.commit(
        "demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, bytes.size()}), "main?create_pr=1");
    EXPECT_EQ(commit.status, 200) << commit.body;
    EXPECT_TRUE(is_ours(oid, bytes.size()));
  }
  EXPECT_EQ(eve.get(target + "refs%2Fpr%2F1").status, 200) << "to go on with the pull request";
  EXPECT_EQ(client_.get(target + "None").headers.get("X-Error-Code"), "RevisionNotFound");
  EXPECT_EQ(HubClient(hub_.base_url(), "").get(target + "None?create_pr=1").status, 401);
}

TEST_F(XetTest, AReadersXorbsHaveALimitTogether) {
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  const json grant = eve.get_json("/api/models/demo/m/xet-write-token/main?create_pr=1");
  const XetPusher push(eve, "models/demo/m", grant.at("accessToken"));
  const XetParts first = cut_for_xet("first");
  EXPECT_EQ(push.send_xorb(first).status, 200);
  const auto set_bytes = [this](const std::string& bytes) {
    server::Connection database(hub_.data_dir() / "hub.db", Durability::relaxed);
    database.script("UPDATE xet_xorb SET bytes = " + bytes);
  };
  set_bytes("50 * 1073741824 - 1");
  const std::size_t kept = files_in("xet");
  const Response refused = push.send_xorb(cut_for_xet("second"));
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.body.find("they may have 53687091200. They go an hour after their last use."),
            std::string::npos)
      << refused.body;
  EXPECT_EQ(files_in("xet"), kept);
  EXPECT_EQ(pusher().send_xorb(cut_for_xet("a writer's")).status, 200);
  set_bytes("0");
  EXPECT_EQ(push.send_xorb(cut_for_xet("second")).status, 200);
}

TEST_F(XetTest, AHiddenRepositoryLooksLikeNone) {
  client_.create_repo("hidden", {{"private", true}});
  for (const std::string& token : {hub_.create_user("eve"), std::string()}) {
    const HubClient eve(hub_.base_url(), token);
    for (const char* word : {"xet-write-token", "xet-read-token"}) {
      const auto answer = [&](const std::string& repo) {
        return eve.get("/api/models/demo/" + repo + "/" + word + "/main?create_pr=1",
                       {{"X-Request-Id", "same"}});
      };
      EXPECT_EQ(answer("hidden").status, answer("nothing").status);
      EXPECT_EQ(answer("hidden").body, answer("nothing").body);
    }
  }
}

}  // namespace
}  // namespace torchhub::testing
