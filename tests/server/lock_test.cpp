#include "server/git_user.h"
#include "server/hub_client.h"
#include "server/lfs/lock_store.h"
#include "server/lfs_schema.h"
#include "server/repos/repo_store.h"
#include "support/fake_clock.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class LockTest : public ::testing::Test {
 protected:
  LockTest()
      : tokens_{{"ana", hub_.create_user("ana")}, {"ben", hub_.create_user("ben")}},
        ana_(hub_.base_url(), tokens_.at("ana")),
        ben_(hub_.base_url(), tokens_.at("ben")),
        eve_(hub_.base_url(), hub_.create_user("eve")) {
    hub_.admin().create_organization("team", "ana");
    hub_.admin().set_member("team", "ben", OrganizationRole::write);
    ana_.create_repo("m", {{"organization", "team"}});
  }

  static constexpr const char* kLocks = "/team/m.git/info/lfs/locks";

  static Response lock(const HubClient& client, const std::string& path) {
    return client.post(kLocks, {{"path", path}, {"ref", {{"name", "refs/heads/main"}}}});
  }
  static std::string id_in(const Response& response) {
    return json::parse(response.body).at("lock").at("id");
  }
  static Response unlock(const HubClient& client, const std::string& id, const json& body) {
    return client.post(std::string(kLocks) + "/" + id + "/unlock", body);
  }
  json list(const std::string& query = "") const { return ben_.get_json(kLocks + query); }
  static std::vector<std::string> paths(const json& locks) {
    std::vector<std::string> out;
    for (const json& lock : locks) out.push_back(lock.at("path"));
    return out;
  }

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  LocalHub hub_{relaxed({.clock = clock_})};
  std::map<std::string, std::string> tokens_;
  HubClient ana_;
  HubClient ben_;
  HubClient eve_;
};

using Paths = std::vector<std::string>;

TEST_F(LockTest, IsForOneUserOnly) {
  const Response made = lock(ana_, "a.bin");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.get("Content-Type"), "application/vnd.git-lfs+json; charset=utf-8");
  const json answer = json::parse(made.body);
  EXPECT_TRUE(faults_of_lock_answer(answer).empty());
  EXPECT_EQ(answer.at("lock").at("path"), "a.bin");
  EXPECT_EQ(answer.at("lock").at("owner").at("name"), "ana");
  for (const HubClient* client : {&ana_, &ben_}) {
    const Response again = lock(*client, "a.bin");
    EXPECT_EQ(again.status, 409);
    const json refused = json::parse(again.body);
    EXPECT_TRUE(faults_of_lock_answer(refused).empty());
    EXPECT_EQ(refused.at("lock"), answer.at("lock"));
    EXPECT_EQ(refused.at("message"), "'a.bin' is locked by ana already.");
  }
  EXPECT_EQ(lock(ben_, "A.bin").status, 201) << "git regards case";
  hub_.stop();
  hub_.start();
  EXPECT_EQ(lock(ben_, "a.bin").status, 409) << "also after a restart";
}

TEST_F(LockTest, NeedsTheRightToWrite) {
  const std::string id = id_in(lock(ana_, "a.bin"));
  const HubClient nobody(hub_.base_url(), "");
  const HubClient bad(hub_.base_url(), "hf_unknown");
  const std::vector<std::pair<const HubClient*, int>> refused{
      {&eve_, 403}, {&nobody, 401}, {&bad, 401}};
  for (const auto& [client, status] : refused) {
    for (const Response& response :
         {lock(*client, "b.bin"), unlock(*client, id, {{"force", true}}),
          client->post(std::string(kLocks) + "/verify", json::object())}) {
      EXPECT_EQ(response.status, status);
      EXPECT_TRUE(json::parse(response.body).contains("message"));
      EXPECT_EQ(response.headers.get("LFS-Authenticate").has_value(), status == 401);
    }
  }
  EXPECT_EQ(nobody.get(kLocks).status, 200) << "whoever may read may see them";
  EXPECT_EQ(lock(ana_, "../a").status, 422);
  EXPECT_EQ(ana_.post(kLocks, json::object()).status, 400);
  EXPECT_EQ(ana_.post("/team/other.git/info/lfs/locks", {{"path", "a"}}).status, 404);
}

TEST_F(LockTest, IsTakenAwayByItsOwnerOrByForceOfAnAdmin) {
  const auto message = [](const Response& response) {
    EXPECT_EQ(response.status, 403);
    return json::parse(response.body).value("message", "");
  };
  const std::string anas = id_in(lock(ana_, "a.bin"));
  EXPECT_EQ(message(unlock(ben_, anas, json::object())),
            "'a.bin' is locked by ana. Unlock it by force if that must be.");
  EXPECT_EQ(message(unlock(ben_, anas, {{"force", true}})),
            "'a.bin' is locked by ana. Only an admin of 'team' can take that lock away.");
  const Response own = unlock(ana_, anas, {{"force", false}, {"ref", {{"name", "refs/heads/x"}}}});
  EXPECT_EQ(own.status, 200) << own.body;
  EXPECT_TRUE(faults_of_lock_answer(json::parse(own.body)).empty());
  EXPECT_EQ(unlock(ana_, anas, json::object()).status, 404) << "it is gone";
  const std::string bens = id_in(lock(ben_, "a.bin"));
  EXPECT_EQ(message(unlock(ana_, bens, json::object())),
            "'a.bin' is locked by ben. Unlock it by force if that must be.");
  EXPECT_EQ(unlock(ana_, bens, {{"force", "yes"}}).status, 400);
  EXPECT_EQ(unlock(ana_, bens, {{"force", true}}).status, 200);
  EXPECT_EQ(list().at("locks").size(), 0U);
}

TEST_F(LockTest, AreListedInPages) {
  const Paths all{"c", "b", "a", "d/e", "f", "g"};
  for (const std::string& path : all) {
    lock(ana_, path);
    clock_->advance(std::chrono::milliseconds(path == "f" ? 0 : 1));
  }
  EXPECT_TRUE(faults_of_lock_list(list()).empty());
  EXPECT_EQ(paths(list().at("locks")).front(), "c") << "the oldest comes first";
  EXPECT_EQ(list("?refspec=refs%2Fheads%2Fother").at("locks"), list().at("locks"))
      << "a lock holds on every branch";
  EXPECT_EQ(paths(list("?path=d%2Fe").at("locks")), Paths{"d/e"});
  EXPECT_EQ(paths(list("?path=e").at("locks")), Paths{});
  const std::string id = list("?path=b").at("locks").at(0).at("id");
  EXPECT_EQ(paths(list("?id=" + id).at("locks")), Paths{"b"});
  EXPECT_EQ(paths(list("?path=c&id=" + id).at("locks")), Paths{});
  std::set<std::string> seen;
  std::string cursor;
  for (int pages = 1;; ++pages) {
    const json page = list("?limit=2&cursor=" + cursor);
    EXPECT_TRUE(faults_of_lock_list(page).empty());
    for (const std::string& path : paths(page.at("locks"))) EXPECT_TRUE(seen.insert(path).second);
    if (pages == 1) unlock(ana_, page.at("locks").at(1).at("id"), json::object());
    cursor = page.value("next_cursor", "");
    EXPECT_EQ(cursor.empty(), pages == 3);
    if (cursor.empty()) break;
  }
  EXPECT_EQ(seen, std::set(all.begin(), all.end())) << "a lock that goes meanwhile hides no other";
  for (const char* bad :
       {"?cursor=x", "?cursor=5", "?limit=0", "?limit=-1", "?limit=x", "?limit=1x"}) {
    EXPECT_EQ(ana_.get(std::string(kLocks) + bad).status, 400) << bad;
  }
}

TEST_F(LockTest, AreToldApartForAPush) {
  lock(ana_, "a");
  lock(ben_, "b");
  lock(ana_, "c");
  const auto verify = [&](const HubClient& client, const json& body) {
    const Response response = client.post(std::string(kLocks) + "/verify", body);
    EXPECT_EQ(response.status, 200) << response.body;
    const json answer = json::parse(response.body);
    EXPECT_TRUE(faults_of_lock_verification(answer).empty());
    return answer;
  };
  const json anas =
      verify(ana_, {{"ref", {{"name", "refs/heads/main"}}}, {"limit", 0}, {"cursor", ""}});
  EXPECT_EQ(anas.at("ours").size(), 2U);
  EXPECT_EQ(paths(anas.at("theirs")), Paths{"b"});
  const json page = verify(ben_, {{"limit", 2}});
  const json rest = verify(ben_, {{"limit", 2}, {"cursor", page.at("next_cursor")}});
  EXPECT_EQ(page.at("ours").size() + page.at("theirs").size(), 2U);
  EXPECT_EQ(rest.at("ours").size() + rest.at("theirs").size(), 1U);
  EXPECT_FALSE(rest.contains("next_cursor"));
  EXPECT_EQ(ana_.post(std::string(kLocks) + "/verify", {{"limit", "x"}}).status, 400);
}

TEST(LockStore, KnowsWhatOthersHaveLocked) {
  const TempDir folder;
  server::Database database(folder / "hub.db", Durability::relaxed);
  const auto clock = std::make_shared<FakeClock>();
  server::AccountStore accounts(database, *clock);
  const server::Account ana = accounts.create_user("ana", {});
  const server::Account ben = accounts.create_user("ben", {});
  server::RepoStore repos(database, *clock);
  const auto repo =
      repos.reserve({.id = "", .owner_id = ana.id, .name = "m", .creator_id = ana.id});
  server::LockStore locks(database, *clock);
  ASSERT_TRUE(locks.create(repo->id, "b", ana));
  ASSERT_TRUE(locks.create(repo->id, "a", ana));
  ASSERT_TRUE(locks.create(repo->id, "c", ben));
  const auto paths_for = [&](const server::Account& user) {
    Paths out;
    for (const auto& lock : locks.locks_of_others(repo->id, user.id)) out.push_back(lock.path);
    return out;
  };
  EXPECT_EQ(paths_for(ana), Paths{"c"});
  EXPECT_EQ(paths_for(ben), (Paths{"a", "b"}));
  repos.forget(repo->id);
  EXPECT_EQ(paths_for(ben), Paths{}) << "they go with their repository";
}

/// The real program in a clone.
class GitLfsTest : public LockTest {
 protected:
  void SetUp() override {
    for (const GitUser& user : {std::cref(anas_), std::cref(bens_)}) {
      if (!user.install_lfs()) GTEST_SKIP() << "git-lfs is not installed";
    }
    ana_.commit_file("team/m", "a.txt", "one");
  }
  Finished anas(std::vector<std::string> arguments) const {
    return anas_.in("m", std::move(arguments));
  }
  Finished bens(std::vector<std::string> arguments) const {
    return bens_.in("m", std::move(arguments));
  }

  GitUser anas_{hub_.base_url(), tokens_.at("ana")};
  GitUser bens_{hub_.base_url(), tokens_.at("ben")};
};

TEST_F(GitLfsTest, LocksAndUnlocks) {
  anas_.clone("team/m", "m");
  bens_.clone("team/m", "m");
  const Finished locked = anas({"lfs", "lock", "a.txt"});
  EXPECT_EQ(locked.exit_code, 0) << locked.errors;
  EXPECT_NE(bens({"lfs", "locks"}).output.find("ana"), std::string::npos);
  const Finished second = bens({"lfs", "lock", "a.txt"});
  EXPECT_NE(second.exit_code, 0);
  EXPECT_NE((second.output + second.errors).find("'a.txt' is locked by ana already."),
            std::string::npos)
      << second.output << second.errors;
  EXPECT_NE(bens({"lfs", "unlock", "a.txt"}).exit_code, 0);
  EXPECT_NE(bens({"lfs", "unlock", "--force", "a.txt"}).exit_code, 0) << "ben is no admin";
  const Finished ours = anas({"lfs", "locks", "--verify"});
  EXPECT_EQ(ours.exit_code, 0) << ours.errors;
  EXPECT_EQ(ours.output.substr(0, 2), "O ") << "ours: " << ours.output;
  const Finished unlocked = anas({"lfs", "unlock", "a.txt"});
  EXPECT_EQ(unlocked.exit_code, 0) << unlocked.errors;
  EXPECT_EQ(bens({"lfs", "locks"}).output, "");
  EXPECT_EQ(bens({"lfs", "lock", "a.txt"}).exit_code, 0);
  EXPECT_EQ(anas({"lfs", "unlock", "--force", "a.txt"}).exit_code, 0);
}

TEST_F(GitLfsTest, UploadsAndDownloadsObjects) {
  anas_.clone("team/m", "m");
  const std::string bytes(100'000, 'x');
  write_file_atomically(anas_.place("m") / "b.bin", bytes);
  anas({"lfs", "track", "*.bin"});
  anas({"add", "b.bin"});
  const std::string oid = sha256_hex(bytes);
  const Finished pushed = anas({"lfs", "push", "--object-id", "origin", oid});
  EXPECT_EQ(pushed.exit_code, 0) << pushed.output << pushed.errors;
  ana_.commit("team/m", to_ndjson(CommitLfsFileLine{"b.bin", oid, bytes.size()}));
  bens_.clone("team/m", "m");
  EXPECT_EQ(read_file(bens_.place("m") / "b.bin"), bytes);
}

}  // namespace
}  // namespace torchhub::testing
