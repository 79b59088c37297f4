#include "server/hub_client.h"
#include "support/message_of.h"
#include "torchhub/server/fsck.h"
#include "torchhub/server/repositories.h"
#include "torchhub/server/stats.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class RepositoryAdminTest : public ::testing::Test {
 protected:
  RepositoryAdminTest() : client_(hub_), admin_(hub_.data_dir(), Durability::relaxed) {
    hub_.create_user("ana");
    client_.create_repo("m");
    client_.commit_file("demo/m", "a.txt", "text");
  }

  LocalHub hub_;
  HubClient client_;
  RepositoryAdmin admin_;
  const Repo kModel{{"demo", "m"}};
};

TEST_F(RepositoryAdminTest, ListsByTypeAndName) {
  client_.create_repo("b", {{"type", "dataset"}});
  client_.create_repo("a", {{"type", "dataset"}, {"private", true}});
  const auto all = admin_.list();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].repo, (Repo{{"demo", "a"}, RepoType::dataset}));
  EXPECT_TRUE(all[0].private_);
  EXPECT_EQ(all[1].repo.id.str(), "demo/b");
  EXPECT_EQ(all[2].repo, kModel);
  EXPECT_TRUE(admin_.deleted().empty());
}

TEST_F(RepositoryAdminTest, MovesWhileTheServerRuns) {
  admin_.move(kModel, {"ana", "M2"});
  EXPECT_EQ(client_.get("/ana/M2/resolve/main/a.txt").body, "text");
  const Response old_name = client_.send("HEAD", "/demo/m/resolve/main/a.txt");
  EXPECT_EQ(old_name.status, 307);
  EXPECT_EQ(old_name.headers.get("Location"), "/ana/M2/resolve/main/a.txt");
  EXPECT_EQ(check_hub(hub_.data_dir()).findings.size(), 0U) << "the label knows, too";
}

TEST_F(RepositoryAdminTest, DisablesAndEnables) {
  admin_.set_disabled(kModel, true);
  const Response refused = client_.get("/demo/m/resolve/main/a.txt");
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(refused.headers.get("X-Error-Message"), "Access to this resource is disabled.");
  EXPECT_TRUE(admin_.list().front().disabled);
  EXPECT_EQ(check_hub(hub_.data_dir()).findings.size(), 0U) << "the label knows, too";
  admin_.set_disabled(kModel, false);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.txt").body, "text");
}

TEST_F(RepositoryAdminTest, ADisabledRepositorysLinksAreRefusedToo) {
  const std::string oid = client_.upload("demo/m", "bytes");
  const std::string link =
      client_.batch("demo/m", "download", oid, 5).at("actions").at("download").at("href");
  EXPECT_EQ(client_.get(link).body, "bytes");
  admin_.set_disabled(kModel, true);
  const Response refused = client_.get(link);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.headers.get("X-Error-Message"), "Access to this resource is disabled.");
  admin_.set_disabled(kModel, false);
  EXPECT_EQ(client_.get(link).body, "bytes");
}

TEST_F(RepositoryAdminTest, RefusesNamesThatCannotBe) {
  client_.create_repo("taken");
  EXPECT_EQ(message_of<RepositoryAdminError>([&] {
              admin_.move(kModel, {"demo", "Taken"});
            }),
            "There is already a model 'demo/Taken'.");
  EXPECT_EQ(message_of<RepositoryAdminError>([&] {
              admin_.move(kModel, {"nemo", "m"});
            }),
            "There is no account 'nemo'.");
  EXPECT_THROW(admin_.move(kModel, {"demo", "settings"}), InvalidArgumentError);
  EXPECT_EQ(message_of<RepositoryAdminError>([&] {
              admin_.remove(Repo{{"demo", "x"}});
            }),
            "There is no model 'demo/x' in '" + hub_.data_dir().string() + "'.");
}

TEST_F(RepositoryAdminTest, BringsADeletedOneBackWithItsRows) {
  const std::string id = client_.get_json("/api/models/demo/m").at("_id");
  const std::string oid = client_.upload("demo/m", "bytes");
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, 5}));
  client_.send("PUT", "/api/models/demo/m/settings", R"({"private": true})");
  const json before = client_.get_json("/api/models/demo/m");
  admin_.remove(kModel);
  EXPECT_EQ(client_.get("/api/models/demo/m").status, 404);
  ASSERT_EQ(admin_.deleted().size(), 1U);
  EXPECT_EQ(admin_.deleted().front().id, id);
  EXPECT_EQ(admin_.deleted().front().repo, kModel);
  admin_.restore(kModel);
  EXPECT_EQ(client_.get_json("/api/models/demo/m"), before);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/w.bin").body, "bytes");
  EXPECT_TRUE(admin_.deleted().empty());
  EXPECT_EQ(check_hub(hub_.data_dir()).findings.size(), 0U);
}

TEST_F(RepositoryAdminTest, BringsNothingBackUnderANameInUse) {
  const std::string id = client_.get_json("/api/models/demo/m").at("_id");
  client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})");
  client_.create_repo("m");
  EXPECT_EQ(message_of<RepositoryAdminError>([&] { admin_.restore(kModel); }),
            "The model 'demo/m' cannot come back: there is already a model 'demo/m'.");
  ASSERT_EQ(admin_.deleted().size(), 1U) << "it is still there";
  admin_.move(kModel, {"demo", "m2"});
  EXPECT_EQ(admin_.restore(id), kModel);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.txt").body, "text");
  EXPECT_EQ(message_of<RepositoryAdminError>([&] { admin_.restore(id); }),
            "There is no repository " + id +
                " in the trash. 'torchhub admin repo list --deleted' tells what is.");
}

TEST_F(RepositoryAdminTest, StatsTellOldVersionsFromNew) {
  for (const std::string bytes : {"first version", "second"}) {
    const std::string oid = client_.upload("demo/m", bytes);
    client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, bytes.size()}));
  }
  client_.create_repo("n");
  client_.upload("demo/n", "second");
  const HubStats stats = hub_stats(hub_.data_dir());
  ASSERT_EQ(stats.repositories.size(), 2U);
  EXPECT_EQ(stats.repositories[0].name, "model demo/m");
  EXPECT_EQ(stats.repositories[0].object_bytes, 19U);
  EXPECT_EQ(stats.repositories[0].old_bytes, 13U);
  EXPECT_EQ(stats.repositories[1].old_bytes, 6U) << "no commit names it";
  EXPECT_EQ(stats.objects, 2U);
  EXPECT_EQ(stats.object_bytes, 19U) << "shared, and counted once";
  EXPECT_EQ(stats.reclaimable_bytes, 0U);
  ASSERT_EQ(stats.owners().size(), 1U);
  EXPECT_EQ(stats.owners().front().object_bytes, 25U);
}

}  // namespace
}  // namespace torchhub::testing
