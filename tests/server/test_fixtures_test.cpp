#include "server/hub_client.h"
#include "server/served_hub.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

constexpr const char* kDummyToken = "hf_HubCITokenXXXXXXXXXXXXXXXXXXXXX";
constexpr const char* kEnterpriseToken = "hf_enterprise_admin_token";

class TestFixturesTest : public ::testing::Test {
 protected:
  Finished fixtures(std::vector<std::string> more) {
    more.insert(more.begin(), {"admin", "--data", data(), "--test-fixtures"});
    return torchhub_program(std::move(more));
  }
  std::string data() const { return (folder_ / "data").string(); }

  TempDir folder_;
};

TEST_F(TestFixturesTest, MakeWhatThePythonSuiteExpects) {
  const Finished made = fixtures({"--test-mode"});
  ASSERT_EQ(made.exit_code, 0) << made.errors;
  ServedHub hub(data(), {"--test-mode"});
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  HubClient dummy(hub.base_url(), kDummyToken);
  const json who = dummy.get_json("/api/whoami-v2");
  EXPECT_EQ(who.at("name"), "__DUMMY_HUB_USER__");
  EXPECT_EQ(who.at("fullname"), "Dummy User");
  ASSERT_EQ(who.at("orgs").size(), 1U);
  EXPECT_EQ(who.at("orgs")[0].at("name"), "valid_org_hub");
  EXPECT_EQ(who.at("orgs")[0].at("fullname"), "Dummy Hub Org");
  const HubClient other(hub.base_url(), "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");
  EXPECT_EQ(other.get_json("/api/whoami-v2").at("name"), "DVUser");

  HubClient enterprise(hub.base_url(), kEnterpriseToken);
  enterprise.create_repo("m", {{"organization", "EnterpriseOrgPrivate"}});
  EXPECT_TRUE(enterprise.get_json("/api/models/EnterpriseOrgPrivate/m").at("private").get<bool>());

  EXPECT_TRUE(dummy.get("/julien-c/dummy-unknown/resolve/main/config.json").body.starts_with("{"));
  const Response renamed =
      dummy.get("/hf-internal-testing/dummy-will-be-renamed/resolve/main/config.json");
  EXPECT_EQ(renamed.status, 307);
  EXPECT_EQ(renamed.headers.get("Location"),
            "/hf-internal-testing/dummy-renamed/resolve/main/config.json");
}

TEST_F(TestFixturesTest, AreWorthNothingOutsideOfTestMode) {
  ASSERT_EQ(fixtures({"--test-mode"}).exit_code, 0);
  ServedHub hub(data());
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  EXPECT_EQ(HubClient(hub.base_url(), kDummyToken).get("/api/whoami-v2").status, 401);
}

TEST_F(TestFixturesTest, AreMadeInTestModeAndAloneOnly) {
  const Finished refused = fixtures({});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.errors.find("add --test-mode"), std::string::npos) << refused.errors;
  EXPECT_EQ(fixtures({"--test-mode", "user", "create", "ana"}).exit_code, 2) << "and no user";
  EXPECT_EQ(torchhub_program({"admin", "--data", data(), "--test-mode", "user", "list"}).exit_code,
            2);
  const Finished nothing = torchhub_program({"admin", "--data", data()});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_NE(nothing.errors.find("subcommand is required"), std::string::npos) << nothing.errors;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "data")) << "nothing may be left";
}

TEST_F(TestFixturesTest, StayOutOfAHubThatIsInUse) {
  ASSERT_EQ(fixtures({"--test-mode"}).exit_code, 0);
  const Finished again = fixtures({"--test-mode"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_NE(again.errors.find("has users already"), std::string::npos) << again.errors;
  ServedHub hub(data(), {"--test-mode"});
  ASSERT_TRUE(hub.start());
  EXPECT_NE(fixtures({"--test-mode"}).exit_code, 0) << "a server has the folder";
}

}  // namespace
}  // namespace torchhub::testing
