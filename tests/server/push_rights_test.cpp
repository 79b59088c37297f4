#include "server/push_test.h"
#include "torchhub/base/atomic_file.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

class PushRightsTest : public PushTest {
 protected:
  void SetUp() override {
    PushTest::SetUp();
    client_.create_repo("hidden", {{"private", true}});
    ana_.commit("m", "a.txt", "1");
  }

  /// What a push says, with the repository's name taken out.
  std::string words(const GitUser& user, const std::string& repo) const {
    std::string text = push({user.url(repo), "main"}).errors;
    for (std::size_t at = text.find(repo); at != std::string::npos; at = text.find(repo)) {
      text.replace(at, repo.size(), "REPO");
    }
    return text;
  }
};

TEST_F(PushRightsTest, NeedAToken) {
  const GitUser nobody(hub_.base_url(), "");
  expect_says(refusal_of({nobody.url("demo/m"), "main"}), "could not read Username");
  EXPECT_EQ(words(nobody, "demo/hidden"), words(nobody, "demo/missing"));
  const Response asked =
      HubClient(hub_.base_url(), "").get("/demo/m/info/refs?service=git-receive-pack");
  EXPECT_EQ(asked.status, 401);
  EXPECT_TRUE(asked.headers.get("WWW-Authenticate").value_or("").starts_with("Basic realm="));
}

TEST_F(PushRightsTest, NeedMoreThanReading) {
  const GitUser reader(hub_.base_url(), hub_.read_token());
  const std::string text = refusal_of({reader.url("demo/m"), "main"});
  expect_says(text, "remote: Your token has the role 'read'");
  expect_says(text, "403");
  const GitUser other(hub_.base_url(), hub_.create_user("other"));
  expect_says(refusal_of({other.url("demo/m"), "main"}),
              "remote: You don't have the right to write to 'demo/m'.");
  EXPECT_EQ(words(other, "demo/hidden"), words(other, "demo/missing"));
  expect_says(words(other, "demo/missing"), "Repository not found");
}

TEST_F(PushRightsTest, DoNotMakeRepositories) {
  expect_says(push({ana_.url("demo/new"), "main"}).errors, "not found");
  EXPECT_EQ(client_.get("/api/models/demo/new").status, 404);
}

TEST_F(PushRightsTest, AreAskedForBeforeTheBody) {
  const HubClient reader(hub_.base_url(), hub_.read_token());
  EXPECT_EQ(reader.send("POST", "/demo/m/git-receive-pack", "0000").status, 403);
  // git asks so whether a long body may come.
  EXPECT_EQ(client_.send("POST", "/demo/m/git-receive-pack", "0000").status, 200);
}

}  // namespace
}  // namespace torchhub::testing
