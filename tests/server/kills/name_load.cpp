#include "server/kills/name_load.h"

#include <gtest/gtest.h>

namespace torchhub::testing {

void NameLoad::check(const HubClient& client, Look look) {
  // What was under way has happened or not, and is so from now on.
  if (!under_way_.empty()) answered_.add({under_way_, exists(client, under_way_)});
  under_way_.clear();
  for (const auto& [name, there] : answered_.seen_by(look)) {
    EXPECT_EQ(exists(client, name), there) << name;
  }
}

void NameLoad::work(const HubClient& client, int turn) {
  under_way_ = numbered("n", turn);
  make(client, under_way_);
  const bool stays = turn % 2 == 0;
  if (!stays) remove(client, under_way_);
  answered_.add({under_way_, stays});
  under_way_.clear();
}

namespace {

using nlohmann::json;

/// Every third is a copy of another one.
class RepositoryLoad final : public NameLoad {
  static bool is_copy(const std::string& name) { return std::stoi(name.substr(1)) % 3 == 0; }

  void make(const HubClient& client, const std::string& name) override {
    const Response made = is_copy(name) ? client.post("/api/models/demo/original/duplicate",
                                                      {{"repository", "demo/" + name}})
                                        : client.post("/api/repos/create", {{"name", name}});
    ASSERT_EQ(made.status, 200) << made.body;
  }
  void remove(const HubClient& client, const std::string& name) override {
    ASSERT_EQ(client.send("DELETE", "/api/repos/delete", json{{"name", name}}.dump()).status, 200);
  }
  bool exists(const HubClient& client, const std::string& name) override {
    if (client.get("/api/models/demo/" + name).status != 200) return false;
    const std::string files = "/demo/" + name + "/resolve/main/";
    EXPECT_EQ(client.get(files + ".gitattributes").status, 200) << name;
    if (!is_copy(name)) return true;
    EXPECT_EQ(client.get(files + "model.bin").body, "of the original") << name;
    return true;
  }
};

/// A branch, and an annotated tag.
class RefLoad final : public NameLoad {
  void make(const HubClient& client, const std::string& name) override {
    ASSERT_EQ(client.send("POST", "/api/models/demo/texts/branch/" + name, "{}").status, 200);
    const json tag{{"tag", "t" + name}, {"message", "annotated"}};
    ASSERT_EQ(client.send("POST", "/api/models/demo/texts/tag/main", tag.dump()).status, 200);
  }
  void remove(const HubClient& client, const std::string& name) override {
    ASSERT_EQ(client.send("DELETE", "/api/models/demo/texts/tag/t" + name).status, 200);
    ASSERT_EQ(client.send("DELETE", "/api/models/demo/texts/branch/" + name).status, 200);
  }
  bool exists(const HubClient& client, const std::string& name) override {
    return client.get("/api/models/demo/texts/revision/" + name).status == 200;
  }
};

/// Of files, as git-lfs does it.
class LockLoad final : public NameLoad {
  static constexpr const char* kLocks = "/demo/texts.git/info/lfs/locks";

  void make(const HubClient& client, const std::string& name) override {
    const Response made = client.post(kLocks, {{"path", name}});
    ASSERT_EQ(made.status, 201) << made.body;
    id_ = json::parse(made.body).at("lock").at("id");
  }
  void remove(const HubClient& client, const std::string& /*name*/) override {
    const Response gone = client.post(std::string(kLocks) + "/" + id_ + "/unlock", json::object());
    ASSERT_EQ(gone.status, 200) << gone.body;
  }
  bool exists(const HubClient& client, const std::string& name) override {
    return !client.get_json(std::string(kLocks) + "?path=" + name).at("locks").empty();
  }

  std::string id_ = {};
};

}  // namespace

std::unique_ptr<KillLoad> make_repository_load() { return std::make_unique<RepositoryLoad>(); }
std::unique_ptr<KillLoad> make_ref_load() { return std::make_unique<RefLoad>(); }
std::unique_ptr<KillLoad> make_lock_load() { return std::make_unique<LockLoad>(); }

}  // namespace torchhub::testing
