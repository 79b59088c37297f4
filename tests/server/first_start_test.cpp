#include "server/hub_client.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class FirstStartTest : public ::testing::Test {
 protected:
  HubClient as(const FirstUser& user) { return {server_.base_url(), user.token}; }

  TempDir folder_;
  Server server_{
      {.data_dir = folder_ / "data", .listen = "127.0.0.1:0", .durability = Durability::relaxed}};
};

TEST_F(FirstStartTest, MakesTheSitesAdminOnce) {
  const auto first = server_.first_start({.admin = "boss"});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "boss");
  EXPECT_EQ(as(*first).get_json("/api/whoami-v2").at("name"), "boss");
  Admin admin(folder_ / "data", Durability::relaxed);
  ASSERT_EQ(admin.user_accounts().size(), 1U);
  EXPECT_TRUE(admin.user_accounts()[0].site_admin);
  EXPECT_FALSE(server_.first_start({.admin = "other"})) << "the hub has somebody";
  EXPECT_EQ(admin.users(), std::vector<std::string>{"boss"});
}

TEST_F(FirstStartTest, MakesADemoToLookAt) {
  const auto first = server_.first_start({.demo = true});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "demo");
  const HubClient demo = as(*first);
  EXPECT_EQ(demo.get_json("/api/whoami-v2").at("orgs").at(0).at("name"), "demo-org");
  const json model = demo.get_json("/api/models/demo/sample-model");
  EXPECT_EQ(model.at("cardData").at("license"), "apache-2.0");
  EXPECT_EQ(model.at("pipeline_tag"), "text-classification");
  EXPECT_EQ(model.at("config").at("model_type"), "bert");
  EXPECT_TRUE(demo.get("/datasets/demo/sample-data/resolve/main/data/train.csv")
                  .body.starts_with("text,label\n0,1\n1,0\n"));
  const Admin admin(folder_ / "data", Durability::relaxed);
  EXPECT_EQ(admin.users(), (std::vector<std::string>{"admin", "demo"}));
  EXPECT_FALSE(admin.user_accounts()[1].site_admin);
}

TEST_F(FirstStartTest, MakesADemoWhoseUserIsTheAdmin) {
  const auto first = server_.first_start({.admin = "demo", .demo = true});
  ASSERT_TRUE(first);
  EXPECT_EQ(as(*first).get("/api/models/demo/sample-model").status, 200);
}

TEST_F(FirstStartTest, RefusesANameThatNobodyCanHave) {
  EXPECT_THROW(server_.first_start({.admin = "a--b"}), InvalidArgumentError);
  EXPECT_TRUE(server_.first_start({.admin = "ana"}));
}

}  // namespace
}  // namespace torchhub::testing
