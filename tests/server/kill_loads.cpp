#include "server/kill_loads.h"

#include "server/xet_push.h"
#include "torchhub/base/sha256.h"
#include "torchhub/http/transport.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace torchhub::testing {
namespace {

using nlohmann::json;

std::string numbered(const char* word, int turn) { return word + std::to_string(turn); }

/// Commits one file again and again, and a large folder now and then.
class CommitLoad final : public KillLoad {
 public:
  void check(const HubClient& client) override {
    const std::string head = client.commit_at("demo/texts");
    const Response file = client.get("/demo/texts/resolve/main/a.txt");
    const std::string found = file.status == 404 ? "" : file.body;
    EXPECT_TRUE(found == last_ || found == under_way_) << found << " but not " << last_;
    last_ = found;
    for (const auto& [commit, content] : answered_) {
      EXPECT_EQ(client.get("/demo/texts/resolve/" + commit + "/a.txt").body, content) << commit;
      EXPECT_EQ(client.get("/demo/texts/resolve/" + commit + "/b/" + content).body, content);
    }
    EXPECT_EQ(client.get("/api/models/demo/texts/tree/" + head + "?recursive=true").status, 200);
  }

 private:
  void work(const HubClient& client, int turn) override {
    under_way_ = numbered("content-", turn);
    std::string lines = to_ndjson(CommitFileLine{"a.txt", under_way_}) +
                        to_ndjson(CommitFileLine{"b/" + under_way_, under_way_});
    constexpr int kLarge = 10;
    for (int i = 0; turn % kLarge == kLarge - 1 && i < 200; ++i) {  // so many go into a pack
      lines += to_ndjson(CommitFileLine{numbered("many/", i), under_way_ + std::to_string(i)});
    }
    const Response response = client.commit("demo/texts", lines);
    ASSERT_EQ(response.status, 200) << response.body;
    answered_.emplace_back(json::parse(response.body).at("commitOid"), under_way_);
    last_ = under_way_;
  }

  std::vector<std::pair<std::string, std::string>> answered_ = {};
  std::string last_ = {};
  std::string under_way_ = {};
};

/// Uploads objects by LFS and commits pointers to them.
class ObjectLoad final : public KillLoad {
 public:
  void check(const HubClient& client) override {
    for (const auto& [oid, bytes] : uploaded_) {
      const json entry = client.batch("demo/objects", "download", oid, bytes.size());
      ASSERT_TRUE(entry.contains("actions")) << "lost: " << oid;
    }
    for (const auto& [path, bytes] : committed_) {
      EXPECT_TRUE(client.get("/demo/objects/resolve/main/" + path).body == bytes) << path;
    }
    // Whatever the branch names can be had: a pointer never comes before its object.
    for (const json& entry : client.get_json("/api/models/demo/objects/tree/main")) {
      if (!entry.contains("lfs")) continue;
      const std::string path = entry.at("path");
      EXPECT_EQ(client.get("/demo/objects/resolve/main/" + path).status, 200) << path;
    }
  }

 private:
  void work(const HubClient& client, int turn) override {
    std::string bytes = numbered("object-", turn);
    bytes.resize(100'000 + static_cast<std::size_t>(turn) % 7 * 50'000, static_cast<char>(turn));
    const std::string oid = client.upload("demo/objects", bytes);
    uploaded_[oid] = bytes;
    const std::string path = numbered("model-", turn) + ".bin";
    const Response response =
        client.commit("demo/objects", to_ndjson(CommitLfsFileLine{path, oid, bytes.size()}));
    ASSERT_EQ(response.status, 200) << response.body;
    committed_[path] = bytes;
  }

  std::map<std::string, std::string> uploaded_ = {};
  std::map<std::string, std::string> committed_ = {};
};

/// Sends files by Xet.
class XetLoad final : public KillLoad {
 public:
  void check(const HubClient& client) override {
    const XetPusher push(client, "models/demo/by-xet");
    for (const auto& [oid, size] : pushed_) {
      const json entry = client.batch("demo/by-xet", "download", oid, size);
      ASSERT_TRUE(entry.contains("actions")) << "lost: " << oid;
    }
    // A xorb that was taken can be named, whatever came of its shard.
    const Response shard = push.send_shard(sent_);
    ASSERT_EQ(shard.status, 200) << shard.body;
    sent_ = {};
  }

 private:
  void work(const HubClient& client, int turn) override {
    std::string bytes = numbered("by xet ", turn);
    bytes.resize(150'000 + static_cast<std::size_t>(turn) % 5 * 90'000, static_cast<char>(turn));
    const XetParts parts = cut_for_xet(bytes);
    const XetPusher push(client, "models/demo/by-xet");
    ASSERT_EQ(push.send_xorb(parts).status, 200);
    sent_.files.push_back(parts.file);
    const Response shard = push.send_shard(parts.shard());
    ASSERT_EQ(shard.status, 200) << shard.body;
    pushed_[*parts.file.sha256] = bytes.size();
  }

  std::map<std::string, std::size_t> pushed_ = {};
  xet::Shard sent_ = {};
};

/// Makes things of unique names and removes every second one.
class NameLoad : public KillLoad {
 public:
  void check(const HubClient& client) override {
    for (const auto& [name, there] : known_) {
      if (name == under_way_) continue;
      EXPECT_EQ(exists(client, name), there) << name;
    }
    // What was under way has happened or not, and is so from now on.
    if (!under_way_.empty()) known_[under_way_] = exists(client, under_way_);
    under_way_.clear();
  }

 protected:
  virtual void make(const HubClient& client, const std::string& name) = 0;
  virtual void remove(const HubClient& client, const std::string& name) = 0;
  virtual bool exists(const HubClient& client, const std::string& name) = 0;

 private:
  void work(const HubClient& client, int turn) override {
    under_way_ = numbered("n", turn);
    make(client, under_way_);
    known_[under_way_] = true;
    if (turn % 2 == 1) {
      remove(client, under_way_);
      known_[under_way_] = false;
    }
    under_way_.clear();
  }

  std::map<std::string, bool> known_ = {};
  std::string under_way_ = {};
};

class RepositoryLoad final : public NameLoad {
  void make(const HubClient& client, const std::string& name) override {
    ASSERT_EQ(client.post("/api/repos/create", {{"name", name}}).status, 200);
  }
  void remove(const HubClient& client, const std::string& name) override {
    ASSERT_EQ(client.send("DELETE", "/api/repos/delete", json{{"name", name}}.dump()).status, 200);
  }
  bool exists(const HubClient& client, const std::string& name) override {
    const Response info = client.get("/api/models/demo/" + name);
    if (info.status != 200) return false;
    // Nothing of it is there by half.
    EXPECT_EQ(client.get("/demo/" + name + "/resolve/main/.gitattributes").status, 200) << name;
    return true;
  }
};

class RefLoad final : public NameLoad {
  void make(const HubClient& client, const std::string& name) override {
    ASSERT_EQ(client.send("POST", "/api/models/demo/texts/branch/" + name, "{}").status, 200);
    ASSERT_EQ(client
                  .send("POST", "/api/models/demo/texts/tag/main",
                        json{{"tag", "t" + name}, {"message", "annotated"}}.dump())
                  .status,
              200);
  }
  void remove(const HubClient& client, const std::string& name) override {
    ASSERT_EQ(client.send("DELETE", "/api/models/demo/texts/tag/t" + name).status, 200);
    ASSERT_EQ(client.send("DELETE", "/api/models/demo/texts/branch/" + name).status, 200);
  }
  bool exists(const HubClient& client, const std::string& name) override {
    return client.get("/api/models/demo/texts/revision/" + name).status == 200;
  }
};

}  // namespace

void KillLoad::run(const HubClient& client) {
  try {
    while (!::testing::Test::HasFatalFailure()) work(client, turn_++);
  } catch (const ConnectionError&) {
  }
}

std::vector<std::unique_ptr<KillLoad>> make_kill_loads(const HubClient& client) {
  for (const char* name : {"texts", "objects", "by-xet"}) {
    client.post("/api/repos/create", {{"name", name}});
  }
  std::vector<std::unique_ptr<KillLoad>> loads;
  loads.push_back(std::make_unique<CommitLoad>());
  loads.push_back(std::make_unique<ObjectLoad>());
  loads.push_back(std::make_unique<XetLoad>());
  loads.push_back(std::make_unique<RepositoryLoad>());
  loads.push_back(std::make_unique<RefLoad>());
  return loads;
}

}  // namespace torchhub::testing
