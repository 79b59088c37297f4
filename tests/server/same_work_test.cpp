#include "server/hub_client.h"
#include "server/route_walk.h"
#include "support/fake_clock.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// The time to an answer would tell a private repository from a missing one if the answers came by
/// different ways. Instead of the time, which no test can rely on, this compares the ways: what is
/// asked of the database.
namespace torchhub::testing {
namespace {

/// Every statement that runs on any connection that is opened while this lives.
class Statements {
 public:
  Statements() { ::sqlite3_auto_extension(entry()); }
  ~Statements() { ::sqlite3_cancel_auto_extension(entry()); }
  Statements(const Statements&) = delete;
  Statements& operator=(const Statements&) = delete;

  /// Those since the last call.
  static std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(texts_, {});
  }

 private:
  static void (*entry())() { return reinterpret_cast<void (*)()>(&watch); }
  static int watch(sqlite3* database, const char**, const void*) {
    return ::sqlite3_trace_v2(database, SQLITE_TRACE_STMT, &note, nullptr);
  }
  static int note(unsigned, void*, void* statement, void*) {
    const std::lock_guard lock(mutex_);
    texts_.emplace_back(::sqlite3_sql(static_cast<sqlite3_stmt*>(statement)));
    return 0;
  }

  inline static std::mutex mutex_;
  inline static std::vector<std::string> texts_;  // guarded by mutex_
};

class SameWorkTest : public ::testing::Test {
 protected:
  SameWorkTest() {
    Admin& admin = hub_.admin();
    admin.create_organization("team", "demo");
    for (const char* owner : {"demo", "team"}) {
      demo_.create_repo("open", {{"organization", owner}});
      demo_.create_repo("hidden", {{"organization", owner}, {"private", true}});
    }
    who_["nobody"] = "";
    who_["eve"] = hub_.create_user("eve");
    who_["eve who reads"] = admin.create_token("eve", TokenRole::read);
    who_["fine-grained eve"] =
        admin
            .create_token({.user = "eve",
                           .role = TokenRole::fine_grained,
                           .scopes = {TokenScope::parse("eve=repo.read,repo.write")}})
            .value;
    who_["fine-grained demo"] =
        admin
            .create_token({.user = "demo",
                           .role = TokenRole::fine_grained,
                           .scopes = {TokenScope::parse("demo/open=repo.read,repo.write")}})
            .value;
    for (const auto& [who, token] : who_) see_noted(token);
  }

  /// The first use of a token is written down beside the answer; the clock stands, so it stays the
  /// only one.
  void see_noted(const std::string& token) const {
    Statements::take();
    HubClient(hub_.base_url(), token).get("/api/models/demo/none");
    bool noted = token.empty();
    while (!noted) {
      for (const std::string& text : Statements::take()) {
        noted = noted || text == "COMMIT";
      }
      std::this_thread::yield();
    }
  }

  std::vector<std::string> work_for(const HubClient& client, const std::string& method,
                                    const std::string& path) const {
    Statements::take();
    client.send(method, path, method == "GET" || method == "HEAD" ? "" : "{}");
    return Statements::take();
  }

  static LocalHubOptions options() {
    return {.server = {.durability = Durability::relaxed, .clock = std::make_shared<FakeClock>()}};
  }

  Statements statements_;
  LocalHub hub_{options()};
  HubClient demo_{hub_};
  std::map<std::string, std::string> who_;
};

TEST_F(SameWorkTest, PrivateAndMissingAskTheSameOfTheDatabase) {
  std::size_t compared = 0;
  for (const auto& [who, token] : who_) {
    const HubClient client(hub_.base_url(), token);
    for (const std::string& owner : {std::string("demo"), std::string("team")}) {
      const auto hidden = every_route(owner + "/hidden");
      const auto missing = every_route(owner + "/missin");
      for (std::size_t i = 0; i < hidden.size(); ++i) {
        if (hidden[i].path == missing[i].path) continue;
        SCOPED_TRACE(who + " " + hidden[i].method + " " + hidden[i].path);
        const auto wanted = work_for(client, missing[i].method, missing[i].path);
        EXPECT_EQ(work_for(client, hidden[i].method, hidden[i].path), wanted);
        compared += wanted.empty() ? 0 : 1;
      }
    }
  }
  EXPECT_GT(compared, 200U) << "nothing was asked, or nothing was counted";
}

TEST_F(SameWorkTest, AnObjectOfAPrivateRepositoryIsLookedForLikeOneThatIsNowhere) {
  const std::string held = demo_.upload("demo/hidden", "held");
  demo_.upload("team/hidden", "helm");
  HubClient eve(hub_.base_url(), who_.at("eve"));
  eve.create_repo("own");
  const auto work_for_upload = [&](const std::string& oid) {
    Statements::take();
    EXPECT_TRUE(eve.batch("eve/own", "upload", oid, 4).contains("actions"));
    return Statements::take();
  };
  const auto wanted = work_for_upload(sha256_hex("none"));
  EXPECT_FALSE(wanted.empty());
  EXPECT_EQ(work_for_upload(held), wanted);
  EXPECT_EQ(work_for_upload(sha256_hex("helm")), wanted);
}

}  // namespace
}  // namespace torchhub::testing
