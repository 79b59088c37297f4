// Objects for a pull request, from somebody who may only read.
#include "server/hub_client.h"
#include "server/store/database.h"
#include "support/fake_clock.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace torchhub::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class OfferTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  static std::string line(const std::string& bytes) {
    return to_ndjson(CommitLfsFileLine{"m.safetensors", sha256_hex(bytes), bytes.size()});
  }
  static Response propose(const HubClient& who, const std::string& bytes) {
    return who.commit("demo/m", line(bytes), "main?create_pr=1");
  }
  Response batch_for(const HubClient& who, const json& ref) const {
    return who.send("POST", "/demo/m.git/info/lfs/objects/batch",
                    json{{"operation", "upload"},
                         {"ref", ref},
                         {"objects", {{{"oid", sha256_hex("x")}, {"size", 1}}}}}
                        .dump());
  }
  /// What was sent fills its sender's limit.
  void make_large(const std::string& table) const {
    server::Connection database(hub_.data_dir() / "hub.db", Durability::relaxed);
    database.script("UPDATE " + table + " SET size = 50 * 1073741824");
  }
  bool has_room(const HubClient& who) const {
    return who.batch("demo/m", "upload", sha256_hex("x"), 1).contains("actions");
  }
  void restart() {
    hub_.stop();
    hub_.start();
  }
  bool is_linked(const std::string& bytes) const {
    return client_.batch("demo/m", "download", sha256_hex(bytes), bytes.size()).contains("actions");
  }

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  LocalHub hub_{relaxed({.clock = clock_})};
  HubClient client_{hub_};
  HubClient eve_{hub_.base_url(), hub_.create_user("eve")};
  HubClient mallory_{hub_.base_url(), hub_.create_user("mallory")};
};

TEST_F(OfferTest, BecomesTheRepositorysWithItsCommitAndNotBefore) {
  const std::string bytes(5000, 'w');
  eve_.upload("demo/m", bytes);
  EXPECT_FALSE(is_linked(bytes));
  const Response made = propose(eve_, bytes);
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_TRUE(is_linked(bytes));
  EXPECT_EQ(client_.get("/demo/m/resolve/refs%2Fpr%2F1/m.safetensors").body, bytes);
  EXPECT_EQ(client_.send("POST", "/api/models/demo/m/discussions/1/merge").status, 200);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/m.safetensors").body, bytes);
}

TEST_F(OfferTest, IsVerifiedForItsSender) {
  const std::string bytes = "verified";
  const json actions =
      eve_.batch("demo/m", "upload", sha256_hex(bytes), bytes.size()).at("actions");
  const std::string verify = actions.at("verify").at("href");
  EXPECT_EQ(eve_.send("POST", verify, "{}").status, 404);
  EXPECT_EQ(eve_.send("PUT", actions.at("upload").at("href"), bytes).status, 200);
  EXPECT_EQ(eve_.send("POST", verify, "{}").status, 200);
  // Sent once is enough.
  EXPECT_FALSE(eve_.batch("demo/m", "upload", sha256_hex(bytes), bytes.size()).contains("actions"));
}

TEST_F(OfferTest, IsNobodyElses) {
  eve_.upload("demo/m", "hers");
  EXPECT_EQ(propose(mallory_, "hers").status, 400);
  EXPECT_TRUE(mallory_.batch("demo/m", "upload", sha256_hex("hers"), 4).contains("actions"));
  EXPECT_EQ(propose(eve_, "hers").status, 200);
}

TEST_F(OfferTest, StaysUnlinkedWhenItsCommitFails) {
  eve_.upload("demo/m", "lost");
  const Response failed = eve_.commit(
      "demo/m", line("lost") + to_ndjson(CommitDeletedFileLine{"missing"}), "main?create_pr=1");
  EXPECT_EQ(failed.status, 404);
  EXPECT_FALSE(is_linked("lost"));
  EXPECT_EQ(propose(eve_, "lost").status, 200);
}

TEST_F(OfferTest, IsForPullRequestsOnly) {
  EXPECT_EQ(batch_for(eve_, {{"name", "refs/heads/main"}}).status, 403);
  EXPECT_EQ(batch_for(eve_, {{"name", "main"}}).status, 403);
  EXPECT_EQ(batch_for(eve_, {{"name", "refs/pr/1"}}).status, 200);
  EXPECT_EQ(batch_for(eve_, nullptr).status, 200);
  const HubClient reader(hub_.base_url(), hub_.read_token());
  EXPECT_EQ(batch_for(reader, nullptr).status, 403);
  const HubClient nobody(hub_.base_url(), "");
  const Response anonymous = batch_for(nobody, nullptr);
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_TRUE(anonymous.headers.get("LFS-Authenticate"));
  client_.create_repo("hidden", {{"private", true}});
  EXPECT_EQ(eve_.post("/demo/hidden.git/info/lfs/objects/batch", json::object()).status, 404);
}

TEST_F(OfferTest, LinksAreForTheirSenderMethodAndObject) {
  const json actions = eve_.batch("demo/m", "upload", sha256_hex("x"), 1).at("actions");
  const std::string href = actions.at("upload").at("href");
  std::string other = href;
  const std::size_t user = other.find("user=") + 5;
  other[user] = other[user] == 'a' ? 'b' : 'a';
  EXPECT_EQ(eve_.send("PUT", other, "x").status, 403);
  std::string verify = href;
  verify.replace(verify.find("/offer/"), 7, "/offered/");
  EXPECT_EQ(eve_.send("POST", verify, "{}").status, 403);
  // A writer's link for the same object is of no use here, nor this one there.
  const std::string writers =
      client_.batch("demo/m", "upload", sha256_hex("x"), 1).at("actions").at("upload").at("href");
  const std::string query = writers.substr(writers.find('?'));
  EXPECT_EQ(eve_.send("PUT", href.substr(0, href.find('?')) + query, "x").status, 403);
  EXPECT_EQ(
      eve_.send("PUT", writers.substr(0, writers.find('?')) + href.substr(href.find('?')), "x")
          .status,
      403);
  EXPECT_EQ(eve_.send("PUT", href, "xx").status, 422);
  EXPECT_EQ(eve_.send("PUT", href, "y").status, 422);
}

TEST_F(OfferTest, CountsAgainstItsSenderUntilItIsMerged) {
  eve_.upload("demo/m", "small");
  make_large("lfs_offer");
  const json refused = eve_.batch("demo/m", "upload", sha256_hex("x"), 1);
  EXPECT_EQ(refused.at("error").at("code"), 413);
  EXPECT_EQ(refused.at("error").at("message"),
            "What you have sent for pull requests that are not merged has 53687091200 bytes, and 1 "
            "more would be over the limit of 53687091200. Have one merged first.");
  EXPECT_TRUE(mallory_.batch("demo/m", "upload", sha256_hex("x"), 1).contains("actions"));
  EXPECT_EQ(propose(eve_, "small").status, 200);
  make_large("repo_lfs");
  EXPECT_EQ(eve_.batch("demo/m", "upload", sha256_hex("x"), 1).at("error").at("code"), 413);
  EXPECT_EQ(client_.send("POST", "/api/models/demo/m/discussions/1/merge").status, 200);
  EXPECT_TRUE(eve_.batch("demo/m", "upload", sha256_hex("x"), 1).contains("actions"));
}

TEST_F(OfferTest, KeepsHoardedLinksFromGoingPastTheLimit) {
  const std::string href =
      eve_.batch("demo/m", "upload", sha256_hex("x"), 1).at("actions").at("upload").at("href");
  eve_.upload("demo/m", "small");
  make_large("lfs_offer");
  EXPECT_EQ(eve_.send("PUT", href, "x").status, 413);
}

TEST_F(OfferTest, LastsAWeek) {
  eve_.upload("demo/m", "old");
  clock_->advance(7 * 24h);
  restart();
  EXPECT_EQ(propose(eve_, "old").status, 200);
  eve_.upload("demo/m", "older");
  clock_->advance(7 * 24h + 1ms);
  restart();
  EXPECT_EQ(propose(eve_, "older").status, 400);
  eve_.upload("demo/m", "older");
  EXPECT_EQ(propose(eve_, "older").status, 200);
}

TEST_F(OfferTest, CountsNoLongerThanItsWeek) {
  eve_.upload("demo/m", "large");
  make_large("lfs_offer");
  clock_->advance(7 * 24h);
  EXPECT_FALSE(has_room(eve_));
  clock_->advance(1ms);
  EXPECT_TRUE(has_room(eve_)) << "though the hub was not started again, and nobody sent anything";
}

TEST_F(OfferTest, OfAClockThatWasAheadLastsAWeekFromWhenItWasSetBack) {
  eve_.upload("demo/m", "kept");
  eve_.upload("demo/m", "large");
  make_large("lfs_offer");
  clock_->set_wall(-24h * 3650);
  EXPECT_FALSE(has_room(eve_));
  clock_->advance(7 * 24h);
  restart();
  EXPECT_EQ(propose(eve_, "kept").status, 200) << "not dropped early";
  clock_->advance(1ms);
  restart();
  EXPECT_EQ(propose(eve_, "large").status, 400);
}

TEST_F(OfferTest, NeedsToBeSentAgainAfterAClockWasFarAhead) {
  eve_.upload("demo/m", "sent");
  clock_->set_wall(24h * 3650);
  EXPECT_TRUE(has_room(eve_));
  EXPECT_EQ(propose(eve_, "sent").status, 400);
  eve_.upload("demo/m", "sent");
  EXPECT_EQ(propose(eve_, "sent").status, 200);
}

TEST_F(OfferTest, WhatItsSenderCanReadElsewhereNeedNotBeSent) {
  client_.create_repo("open");
  client_.upload("demo/open", "known");
  EXPECT_FALSE(eve_.batch("demo/m", "upload", sha256_hex("known"), 5).contains("actions"));
  EXPECT_FALSE(is_linked("known"));
  EXPECT_EQ(propose(eve_, "known").status, 200);
  EXPECT_TRUE(is_linked("known"));
}

}  // namespace
}  // namespace torchhub::testing
