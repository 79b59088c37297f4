#include "server/data_layout.h"
#include "server/hub_client.h"
#include "server/refused_change.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class LfsFileTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }
  std::string add(const std::string& path, char letter, const std::string& more = {}) const {
    const std::string bytes(5000, letter);
    const std::string oid = client_.upload("demo/m", bytes);
    EXPECT_EQ(client_.commit("demo/m", to_ndjson(CommitLfsFileLine{path, oid, 5000}) + more).status,
              200);
    return oid;
  }
  std::map<std::string, std::string> names() const {
    std::map<std::string, std::string> out;
    for (const json& file : client_.get_json("/api/models/demo/m/lfs-files")) {
      out[file.at("fileOid")] = file.at("filename");
    }
    return out;
  }
  std::vector<std::string> titles(const std::string& revision) const {
    std::vector<std::string> out;
    for (const json& commit : client_.get_json("/api/models/demo/m/commits/" + revision)) {
      out.push_back(commit.at("title"));
    }
    return out;
  }
  Response remove(const json& oids, bool rewrite) const {
    return client_.post("/api/models/demo/m/lfs-files/batch",
                        {{"deletions", {{"sha", oids}, {"rewriteHistory", rewrite}}}});
  }
  std::string head(const std::string& revision = "main") const {
    return client_.commit_at("demo/m", revision);
  }

  LocalHub hub_;
  HubClient client_{hub_};
};

TEST_F(LfsFileTest, ListsObjectsByWhereTheyCameFrom) {
  const std::string a = add("d/a.bin", 'a');
  client_.post("/api/models/demo/m/branch/side", json::object());
  const std::string b = client_.upload("demo/m", std::string(100, 'b'));
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"b.bin", b, 100}), "side");
  const std::string c = client_.upload("demo/m", "never committed");
  const json files = client_.get_json("/api/models/demo/m/lfs-files");
  ASSERT_EQ(files.size(), 3U);
  for (const json& file : files) {
    EXPECT_TRUE(file.at("pushedAt").get<std::string>().ends_with("Z"));
    if (file.at("fileOid") != b) continue;
    EXPECT_EQ(file.at("ref"), "side");
    EXPECT_EQ(file.at("size"), 100);
    EXPECT_EQ(file.at("pusher").at("name"), "demo");
  }
  EXPECT_EQ(names(), (std::map<std::string, std::string>{{a, "d/a.bin"}, {b, "b.bin"}, {c, ""}}));
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  EXPECT_EQ(eve.get("/api/models/demo/m/lfs-files").status, 403);
}

TEST_F(LfsFileTest, DeletesAnObjectAndLeavesItsPointer) {
  const std::string a = add("a.bin", 'a');
  const std::string before = head();
  EXPECT_EQ(remove({a}, false).status, 200);
  EXPECT_EQ(head(), before);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.bin").headers.get("X-Error-Code"), "EntryNotFound");
  EXPECT_EQ(names().size(), 0U);
  EXPECT_EQ(client_.send("DELETE", "/api/models/demo/m/lfs-files/" + a).status, 404);
}

TEST_F(LfsFileTest, WritesHistoryAnewWithoutAFile) {
  const std::string start = head();
  const std::string a = add("d/a.bin", 'a', to_ndjson(CommitFileLine{"keep.txt", "kept"}));
  client_.post("/api/models/demo/m/tag/main", {{"tag", "v1"}, {"message", "noted"}});
  const std::string b = add("d/b.bin", 'b');
  client_.commit_file("demo/m", "later.txt", "later");
  client_.post("/api/models/demo/m/branch/old", {{"startingPoint", start}});
  const std::string tip = head();
  const auto titles_before = titles("main");

  ASSERT_EQ(remove({a}, true).status, 200);
  EXPECT_NE(head(), tip);
  EXPECT_EQ(titles("main"), titles_before);
  EXPECT_EQ(head("old"), start) << "never had the file";
  for (const char* revision : {"main", "v1"}) {
    EXPECT_EQ(client_.get(std::string("/demo/m/resolve/") + revision + "/d/a.bin").status, 404);
    EXPECT_EQ(client_.get(std::string("/demo/m/resolve/") + revision + "/keep.txt").body, "kept");
  }
  EXPECT_EQ(client_.get("/demo/m/resolve/main/d/b.bin").body, std::string(5000, 'b'));
  EXPECT_EQ(client_.get("/api/models/demo/m/tree/v1/d").status, 404) << "an empty folder goes";
  EXPECT_EQ(names(), (std::map<std::string, std::string>{{b, "d/b.bin"}}));
  client_.commit_file("demo/m", "more.txt", "goes on");
  EXPECT_EQ(client_.get("/demo/m/resolve/main/more.txt").body, "goes on");
}

/// Another program holds the lock of 'side', which comes after 'main'.
class InterruptedRewriteTest : public LfsFileTest {
 protected:
  void SetUp() override {
    LfsFileTest::SetUp();
    oid_ = add("a.bin", 'a');
    client_.post("/api/models/demo/m/branch/side", json::object());
    before_ = head();
    lock_ = repositories(hub_.data_dir()).at(0) / "refs" / "heads" / "side.lock";
    write_file_atomically(lock_, "");
  }
  void restart() {
    std::filesystem::remove(lock_);
    hub_.stop();
    hub_.start();
  }

  std::string oid_;
  std::string before_;
  std::filesystem::path lock_;
};

TEST_F(InterruptedRewriteTest, TakesBackWhatHasMoved) {
  EXPECT_EQ(remove({oid_}, true).status, 503);
  EXPECT_EQ(head(), before_);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.bin").status, 200);
  restart();
  EXPECT_EQ(head(), before_) << "nor does the next start move it";
}

TEST_F(InterruptedRewriteTest, IsFinishedAtTheNextStartWhereItsNoteStays) {
  {
    const RefusedChange stays(hub_, "stays", "DELETE ON ref_move");
    EXPECT_GE(remove({oid_}, true).status, 500);
    EXPECT_NE(head(), before_) << "taken back, it would move again at the next start";
  }
  restart();
  EXPECT_NE(head(), before_);
  EXPECT_EQ(head("side"), head());
}

TEST_F(LfsFileTest, ANoteOfMovedRefsThatStayedIsReplaced) {
  const std::string a = add("a.bin", 'a');
  const std::string b = add("b.bin", 'b');
  {
    const RefusedChange stays(hub_, "stays", "DELETE ON ref_move");
    EXPECT_EQ(remove({a}, true).status, 200);
  }
  EXPECT_EQ(remove({b}, true).status, 200);
  server::Connection database(hub_.data_dir() / "hub.db", Durability::relaxed);
  EXPECT_FALSE(database.prepare("SELECT 1 FROM ref_move").step());
}

TEST_F(LfsFileTest, WritesPullRequestsAnewThatTakeNoMoreCommits) {
  const std::string a = add("a.bin", 'a');
  const auto propose = [this](const std::string& path) {
    const Response made = client_.send(
        "POST", "/api/models/demo/m/commit/main?create_pr=1",
        to_ndjson(CommitHeaderLine{"adds " + path}) + to_ndjson(CommitFileLine{path, "1"}));
    EXPECT_EQ(made.status, 200) << made.body;
  };
  propose("closed.txt");
  propose("merged.txt");
  const std::string request = "/api/models/demo/m/discussions/";
  EXPECT_EQ(client_.post(request + "1/status", {{"status", "closed"}}).status, 200);
  EXPECT_EQ(client_.post(request + "2/merge", json::object()).status, 200);

  const Response removed = remove({a}, true);
  ASSERT_EQ(removed.status, 200) << removed.body;
  for (const std::string revision : {"main", "refs%2Fpr%2F1", "refs%2Fpr%2F2"}) {
    EXPECT_EQ(client_.get("/demo/m/resolve/" + revision + "/a.bin").status, 404) << revision;
  }
  EXPECT_EQ(client_.get("/demo/m/resolve/refs%2Fpr%2F1/closed.txt").body, "1");
  EXPECT_EQ(names().size(), 0U);
}

TEST_F(LfsFileTest, RefusesWhatIsNoList) {
  EXPECT_EQ(remove("x", true).status, 400);
  EXPECT_EQ(remove({"abc"}, true).status, 400);
  EXPECT_EQ(client_.post("/api/models/demo/m/lfs-files/batch", json::object()).status, 400);
  EXPECT_EQ(remove(json::array(), true).status, 200);
}

TEST_F(LfsFileTest, SharesObjectsWithAnotherRepository) {
  const std::string a = add("a.bin", 'a');
  client_.create_repo("copy");
  const auto share = [&](const HubClient& who, const std::string& target) {
    return who.post("/api/models/demo/m/lfs-files/duplicate",
                    {{"target", {{"type", "model"}, {"name", target}}},
                     {"files",
                      {{{"sha256", a}, {"filename", "a.bin"}},
                       {{"sha256", std::string(64, '0')}, {"filename", "b.bin"}}}}});
  };
  const Response shared = share(client_, "demo/copy");
  ASSERT_EQ(shared.status, 200) << shared.body;
  const json failed = json::parse(shared.body).at("failed");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].at("sha256"), std::string(64, '0'));
  EXPECT_EQ(client_.commit("demo/copy", to_ndjson(CommitLfsFileLine{"a.bin", a, 5000})).status,
            200);
  HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  eve.create_repo("mine");
  client_.send("PUT", "/api/models/demo/m/settings", R"({"gated": "manual"})");
  EXPECT_EQ(share(eve, "eve/mine").status, 403);
  EXPECT_EQ(share(client_, "eve/mine").status, 403);
}

}  // namespace
}  // namespace torchhub::testing
