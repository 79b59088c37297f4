#include "server/push_test.h"
#include "torchhub/server/repositories.h"

namespace torchhub::testing {
namespace {

/// A repository that takes no forced pushes.
class PushForcedTest : public PushTest {
 protected:
  void SetUp() override {
    PushTest::SetUp();
    ana_.commit("m", "a.txt", "1");
    ana_.commit("m", "a.txt", "2");
    ASSERT_EQ(push().exit_code, 0);
    const Response changed =
        client_.send("PUT", "/api/models/demo/m/settings", R"({"forcedPushes": false})");
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(nlohmann::json::parse(changed.body)["forcedPushes"], false);
  }
};

TEST_F(PushForcedTest, RefusesOtherCommitsInPlaceOfItsOwn) {
  ana_.in("m", {"reset", "-q", "--hard", "HEAD~1"});
  ana_.commit("m", "a.txt", "3");
  const std::string said = refusal_of({"--force", "origin", "main"});
  EXPECT_NE(said.find("takes no forced pushes"), std::string::npos) << said;
  EXPECT_NE(said.find("refs/heads/main"), std::string::npos) << said;
}

TEST_F(PushForcedTest, RefusesToGoBackToWhatItHas) {
  const std::string said = refusal_of({"--force", "origin", "HEAD~1:refs/heads/main"});
  EXPECT_NE(said.find("takes no forced pushes"), std::string::npos) << said;
}

TEST_F(PushForcedTest, TakesWhatLeadsOnAndOtherRefs) {
  ana_.commit("m", "a.txt", "3");
  EXPECT_EQ(push({"--force", "origin", "main", "HEAD~1:refs/heads/dev"}).exit_code, 0);
  EXPECT_EQ(push({"origin", "HEAD:refs/tags/v1"}).exit_code, 0);
  EXPECT_EQ(push({"--force", "origin", "HEAD~1:refs/tags/v1"}).exit_code, 0);
  EXPECT_EQ(push({"origin", ":refs/heads/dev"}).exit_code, 0);
}

TEST_F(PushForcedTest, MayBeAllowedAgain) {
  RepositoryAdmin admin(hub_.data_dir(), Durability::relaxed);
  EXPECT_FALSE(admin.list().at(0).forced_pushes);
  admin.set_forced_pushes({{"demo", "m"}}, true);
  EXPECT_EQ(push({"--force", "origin", "HEAD~1:refs/heads/main"}).exit_code, 0);
}

}  // namespace
}  // namespace torchhub::testing
