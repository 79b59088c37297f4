#include "server/hub_client.h"
#include "server/store/database.h"
#include "server/store/object_guard.h"
#include "torchhub/server/collect.h"
#include "torchhub/server/fsck.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace torchhub::testing {
namespace {

using nlohmann::json;

/// A commit that no ref leads to any more; its file is an LFS object.
class LostObjectsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    branch("side", "main");
    const std::string oid = client_.upload("demo/m", "bytes");
    client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"d/w.bin", oid, 5}), "side");
    old_ = client_.commit_at("demo/m", "side");
    message_ = "No branch or tag leads to " + old_ +
               " any more, and the LFS object of its file 'd/w.bin' (oid " + oid +
               ") is gone. Upload that object again, or choose another commit.";
    client_.send("DELETE", "/api/models/demo/m/branch/side");
  }
  void collect() const {
    collect_garbage(
        hub_.data_dir(),
        {.apply = true, .grace = std::chrono::milliseconds(0), .durability = Durability::relaxed});
  }
  Response branch(const std::string& name, const std::string& start) const {
    return client_.post("/api/models/demo/m/branch/" + name, {{"startingPoint", start}});
  }
  void expect_refused(const Response& answer) const {
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(answer.headers.get("X-Error-Message"), message_);
  }

  LocalHub hub_;
  HubClient client_{hub_};
  std::string old_;
  std::string message_;
};

TEST_F(LostObjectsTest, NoRefIsMadeThatNeedsThem) {
  collect();
  expect_refused(branch("again", old_));
  expect_refused(client_.post("/api/models/demo/m/tag/" + old_, {{"tag", "v1"}}));
  expect_refused(
      client_.commit("demo/m", to_ndjson(CommitFileLine{"b.txt", "x"}), "main?create_pr=1", old_));
  const json refs = client_.get_json("/api/models/demo/m/refs?include_prs=1");
  EXPECT_EQ(refs.at("branches").size(), 1U);
  EXPECT_EQ(refs.at("tags").size() + refs.at("pullRequests").size(), 0U);
  EXPECT_TRUE(check_hub(hub_.data_dir()).findings.empty());
}

TEST_F(LostObjectsTest, MayComeAgain) {
  collect();
  client_.upload("demo/m", "bytes");
  EXPECT_EQ(branch("again", old_).status, 200);
  EXPECT_EQ(client_.get("/demo/m/resolve/again/d/w.bin").body, "bytes");
  EXPECT_TRUE(check_hub(hub_.data_dir()).findings.empty());
}

TEST_F(LostObjectsTest, AreOnlyLookedForWhereNoRefLeads) {
  EXPECT_EQ(branch("again", old_).status, 200) << "not collected yet";
  const std::string newer = client_.commit_file("demo/m", "b.txt", "x", "again");
  client_.send("DELETE", "/api/models/demo/m/lfs-files/" + client_.upload("demo/m", "bytes"));
  EXPECT_EQ(branch("tip", newer).status, 200) << "its owner wanted it so";
  EXPECT_EQ(branch("ancestor", old_).status, 200);
}

TEST_F(LostObjectsTest, AreLookedForOnceNobodyCollects) {
  std::atomic<bool> answered = false;
  Response answer;
  std::thread maker;
  {
    const auto collector = server::ObjectGuard::alone(hub_.data_dir(), *system_clock());
    maker = std::thread([&] {
      answer = branch("again", old_);
      answered = true;
    });
    // One that does not wait has the time to be made.
    for (int i = 0; i < 300 && !answered; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_FALSE(answered);
    server::Database(hub_.data_dir() / "hub.db", Durability::relaxed).run("DELETE FROM repo_lfs");
  }
  maker.join();
  expect_refused(answer);
}

}  // namespace
}  // namespace torchhub::testing
