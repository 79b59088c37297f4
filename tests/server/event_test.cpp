#include "server/hub_client.h"
#include "server/store/database.h"
#include "torchhub/server/events.h"
#include "torchhub/server/repositories.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

/// What a hub's event log keeps of what its users do.
class RepoEventsTest : public ::testing::Test {
 protected:
  std::vector<HubEvent> events(const EventQuery& query = {}) const {
    return hub_events(hub_.data_dir(), query);
  }
  HubEvent newest() const {
    const auto found = events();
    return found.empty() ? HubEvent{} : found.front();
  }
  json details() const { return json::parse(newest().details); }
  /// As the database has it, and lists show it.
  json changed_at() const {
    return client_.get_json("/api/models?author=demo").at(0).at("lastModified");
  }

  LocalHub hub_;
  HubClient client_{hub_};
};

TEST_F(RepoEventsTest, TellsWhoMadeChangedMovedAndDeletedARepository) {
  client_.create_repo("bert");
  EXPECT_EQ(newest().kind, "repo.created");
  EXPECT_EQ(newest().actor, "demo");
  EXPECT_EQ(newest().repo, "demo/bert");
  client_.send("PUT", "/api/models/demo/bert/settings", R"({"private": true})");
  EXPECT_EQ(newest().kind, "repo.settings");
  EXPECT_EQ(details()["settings"], json({{"private", true}}));
  client_.post("/api/repos/move", {{"fromRepo", "demo/bert"}, {"toRepo", "demo/tiny"}});
  EXPECT_EQ(newest().kind, "repo.moved");
  EXPECT_EQ(details()["to"], "demo/tiny");
  client_.post("/api/models/demo/tiny/duplicate", {{"repository", "demo/copy"}});
  EXPECT_EQ(newest().kind, "repo.duplicated");
  EXPECT_EQ(details()["from"], "demo/tiny");
  client_.send("DELETE", "/api/repos/delete", R"({"name": "tiny"})");
  EXPECT_EQ(newest().kind, "repo.deleted");
  EXPECT_EQ(newest().repo, "demo/tiny");
}

TEST_F(RepoEventsTest, TellsOfCommitsBranchesTagsAndSquashes) {
  client_.create_repo("bert");
  const std::string commit = client_.commit_file("demo/bert", "a.txt", "a");
  EXPECT_EQ(newest().kind, "commit");
  EXPECT_EQ(details()["ref"], "refs/heads/main");
  EXPECT_EQ(details()["commit"], commit);
  const std::string api = "/api/models/demo/bert";
  client_.post(api + "/branch/dev", json::object());
  EXPECT_EQ(newest().kind, "branch.created");
  client_.send("DELETE", api + "/branch/dev");
  EXPECT_EQ(newest().kind, "branch.deleted");
  EXPECT_EQ(details()["commit"], commit);
  client_.post(api + "/tag/main", {{"tag", "v1"}});
  EXPECT_EQ(newest().kind, "tag.created");
  client_.send("DELETE", api + "/tag/v1");
  EXPECT_EQ(newest().kind, "tag.deleted");
  client_.post(api + "/super-squash/main", json::object());
  EXPECT_EQ(newest().kind, "squash");
}

TEST_F(RepoEventsTest, TellsWhichLfsFilesWereDeleted) {
  client_.create_repo("bert");
  const std::string oid = client_.upload("demo/bert", "weights");
  client_.send("DELETE", "/api/models/demo/bert/lfs-files/" + oid);
  EXPECT_EQ(newest().kind, "lfs.deleted");
  EXPECT_EQ(details()["oids"], json::array({oid}));
}

TEST_F(RepoEventsTest, TellsOfPullRequestsButNotOfTalk) {
  client_.create_repo("bert");
  const std::string all = "/api/models/demo/bert/discussions";
  client_.post(all, {{"title", "Talk"}});
  client_.post(all + "/1/status", {{"status", "closed"}});
  EXPECT_EQ(newest().kind, "repo.created");
  client_.commit("demo/bert", to_ndjson(CommitFileLine{"a.txt", "a"}), "main?create_pr=1");
  EXPECT_EQ(newest().kind, "pull_request.opened");
  EXPECT_EQ(details()["num"], 2);
  client_.post(all + "/2/status", {{"status", "closed"}});
  EXPECT_EQ(newest().kind, "pull_request.closed");
  client_.post(all + "/2/status", {{"status", "open"}});
  EXPECT_EQ(newest().kind, "pull_request.reopened");
  client_.post(all + "/2/merge", json::object());
  EXPECT_EQ(newest().kind, "pull_request.merged");
}

TEST_F(RepoEventsTest, TellsWhoWasLetIn) {
  client_.create_repo("bert");
  client_.send("PUT", "/api/models/demo/bert/settings", R"({"gated": "manual"})");
  hub_.create_user("ben");
  client_.post("/api/models/demo/bert/user-access-request/grant", {{"user", "ben"}});
  EXPECT_EQ(newest().kind, "access.decided");
  EXPECT_EQ(details()["user"], "ben");
  EXPECT_EQ(details()["status"], "accepted");
}

TEST_F(RepoEventsTest, TellsWhoseLockWasTakenAway) {
  hub_.admin().create_organization("team", "demo");
  const HubClient ben(hub_.base_url(), hub_.create_user("ben"));
  hub_.admin().set_member("team", "ben", OrganizationRole::write);
  client_.create_repo("bert", {{"organization", "team"}});
  const std::string locks = "/team/bert.git/info/lfs/locks";
  const std::string id =
      json::parse(ben.post(locks, {{"path", "a.bin"}}).body)["lock"]["id"].get<std::string>();
  client_.post(locks + "/" + id + "/unlock", {{"force", true}});
  EXPECT_EQ(newest().kind, "lock.forced");
  EXPECT_EQ(details()["owner"], "ben");
  EXPECT_EQ(details()["path"], "a.bin");
}

TEST_F(RepoEventsTest, TellsOfAccountsAndTokensWithoutTheirValues) {
  hub_.admin().create_user("ana");
  EXPECT_EQ(newest().kind, "account.created");
  const CreatedToken token = hub_.admin().create_token({.user = "ana", .name = "laptop"});
  EXPECT_EQ(newest().kind, "token.created");
  EXPECT_EQ(details()["account"], "ana");
  hub_.admin().revoke_token(token.value);
  EXPECT_EQ(newest().kind, "token.revoked");
  EXPECT_EQ(details()["token"], token.info.id);
  EXPECT_EQ(newest().actor, "");
  for (const HubEvent& event : events()) {
    EXPECT_EQ(event.details.find(token.value), std::string::npos);
  }
}

TEST_F(RepoEventsTest, TellsWhatCommandsDidToRepositories) {
  client_.create_repo("bert");
  RepositoryAdmin admin(hub_.data_dir(), Durability::relaxed);
  const Repo bert{{"demo", "bert"}};
  admin.set_disabled(bert, true);
  EXPECT_EQ(newest().kind, "repo.settings");
  EXPECT_EQ(newest().actor, "");
  admin.remove(bert);
  EXPECT_EQ(newest().kind, "repo.deleted");
  admin.restore(bert);
  EXPECT_EQ(newest().kind, "repo.restored");
  EXPECT_EQ(newest().repo, "demo/bert");
}

TEST_F(RepoEventsTest, FindsThoseOfARepositoryUnderAllItsNames) {
  client_.create_repo("bert");
  client_.create_repo("other");
  client_.post("/api/repos/move", {{"fromRepo", "demo/bert"}, {"toRepo", "demo/tiny"}});
  const auto found = events({.repo = "Demo/Tiny"});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kind, "repo.moved");
  EXPECT_EQ(found[1].kind, "repo.created");
  client_.send("DELETE", "/api/repos/delete", R"({"name": "other"})");
  EXPECT_EQ(events({.repo = "demo/other"}).size(), 2U);  // it is gone, its name is not
}

TEST_F(RepoEventsTest, FindsThoseOfAUserAndATime) {
  client_.create_repo("bert");
  const auto all = events({.user = "DEMO"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(events({.user = "nobody"}).empty());
  EXPECT_TRUE(events({.since = all[0].at + std::chrono::milliseconds(1)}).empty());
  EXPECT_EQ(events({.limit = 1}).size(), 1U);
}

TEST_F(RepoEventsTest, WritesACommitsEventInTheTransactionThatNotesIt) {
  client_.create_repo("bert");
  const json before = changed_at();
  server::Database database(hub_.data_dir() / "hub.db", Durability::relaxed);
  auto connection = database.lease();
  connection->script(
      "CREATE TRIGGER no BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'refused'); END");
  client_.commit_file("demo/bert", "a.txt", "a");
  EXPECT_EQ(client_.get("/demo/bert/resolve/main/a.txt").body, "a");
  EXPECT_EQ(changed_at(), before);
}

}  // namespace
}  // namespace torchhub::testing
