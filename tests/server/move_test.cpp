#include "server/hub_client.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class MoveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("old");
    client_.commit_file("demo/old", "a b.txt", "kept");
  }
  Response move(const std::string& from, const std::string& to,
                const std::string& type = "model") const {
    return client_.post("/api/repos/move", {{"fromRepo", from}, {"toRepo", to}, {"type", type}});
  }

  LocalHub hub_;
  HubClient client_{hub_};
  HubClient nobody_{hub_.base_url(), ""};
};

TEST_F(MoveTest, LeavesAnOldNameThatLeadsToTheNew) {
  const Response moved = move("demo/old", "demo/fresh");
  ASSERT_EQ(moved.status, 200) << moved.body;
  EXPECT_EQ(moved.body, "OK");
  EXPECT_EQ(client_.get_json("/api/models/demo/fresh").at("id"), "demo/fresh");
  const auto location = [&](const std::string& target) {
    const Response response = client_.get(target);
    EXPECT_EQ(response.status, 307) << target;
    EXPECT_EQ(client_.head(target).status, 307) << target;
    EXPECT_FALSE(response.headers.get("X-Error-Message"));
    return response.headers.get("Location").value_or("");
  };
  EXPECT_EQ(location("/api/models/demo/old"), "/api/models/demo/fresh");
  EXPECT_EQ(location("/api/models/Demo/OLD/tree/main/x%20y?recursive=true&expand=a"),
            "/api/models/demo/fresh/tree/main/x%20y?recursive=true&expand=a");
  EXPECT_EQ(location("/demo/old/resolve/main/a%20b.txt?download=true"),
            "/demo/fresh/resolve/main/a%20b.txt?download=true");
  EXPECT_EQ(location("/demo/old/raw/main/a%20b.txt"), "/demo/fresh/raw/main/a%20b.txt");
  EXPECT_EQ(location("/api/models/demo/old/auth-check/write"),
            "/api/models/demo/fresh/auth-check/write");
}

TEST_F(MoveTest, TakesChangesByTheOldName) {
  move("demo/old", "demo/fresh");
  const std::string commit = client_.commit_file("demo/old", "b.txt", "2");
  EXPECT_EQ(client_.get("/demo/fresh/resolve/" + commit + "/b.txt").body, "2");
  const std::string oid = client_.upload("demo/old", std::string(3000, 'x'));
  EXPECT_EQ(client_.commit("demo/old", to_ndjson(CommitLfsFileLine{"m.bin", oid, 3000})).status,
            200);
  EXPECT_TRUE(client_.batch("demo/old", "download", oid, 3000).contains("actions"));
}

TEST_F(MoveTest, LetsGitFetchByTheOldName) {
  move("demo/old", "demo/fresh");
  const Response refs = client_.get("/demo/old.git/info/refs?service=git-upload-pack");
  EXPECT_EQ(refs.status, 200);
  EXPECT_NE(refs.body.find("refs/heads/main"), std::string::npos);
}

TEST_F(MoveTest, SaysWhatIsThereAlready) {
  client_.create_repo("taken");
  const Response refused = move("demo/old", "demo/TAKEN");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.headers.get("X-Error-Message"),
            "A model repository called demo/TAKEN already exists");
  EXPECT_EQ(move("demo/old", "demo/old").status, 409);
  EXPECT_EQ(client_.get_json("/api/models/demo/old").at("id"), "demo/old") << "nothing moved";
}

TEST_F(MoveTest, ChangesTheCaseOfAName) {
  EXPECT_EQ(move("demo/old", "demo/Old").status, 200);
  EXPECT_EQ(client_.get_json("/api/models/demo/old").at("id"), "demo/Old");
}

TEST_F(MoveTest, FollowsSeveralMovesAndGivesNamesToWhoTakesThem) {
  move("demo/old", "demo/second");
  move("demo/second", "demo/third");
  EXPECT_EQ(client_.get("/api/models/demo/old").headers.get("Location"), "/api/models/demo/third");
  client_.create_repo("other");
  ASSERT_EQ(move("demo/other", "demo/old").status, 200) << "the name was only an alias";
  EXPECT_EQ(client_.get_json("/api/models/demo/old").at("id"), "demo/old");
  client_.create_repo("second");
  EXPECT_EQ(client_.get_json("/api/models/demo/second").at("id"), "demo/second");
  client_.send("DELETE", "/api/repos/delete", R"({"name": "demo/second"})");
  EXPECT_EQ(client_.get("/api/models/demo/second").status, 404) << "its name leads nowhere else";
  EXPECT_EQ(move("demo/third", "demo/old").status, 409);
}

TEST_F(MoveTest, GoesBackToItsOldName) {
  move("demo/old", "demo/fresh");
  EXPECT_EQ(move("demo/fresh", "demo/old").status, 200);
  EXPECT_EQ(client_.get_json("/api/models/demo/old").at("id"), "demo/old");
  EXPECT_EQ(client_.get("/api/models/demo/fresh").headers.get("Location"), "/api/models/demo/old");
}

TEST_F(MoveTest, NeedsRightsOnBothOwners) {
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  const auto move_by = [](const HubClient& who, const std::string& from, const std::string& to) {
    return who.post("/api/repos/move", {{"fromRepo", from}, {"toRepo", to}, {"type", "model"}})
        .status;
  };
  EXPECT_EQ(move_by(eve, "demo/old", "eve/mine"), 403);
  EXPECT_EQ(move_by(client_, "demo/old", "eve/gift"), 403);
  EXPECT_EQ(move_by(client_, "demo/old", "nobody/gift"), 403);
  EXPECT_EQ(move_by(nobody_, "demo/old", "demo/fresh"), 401);
  EXPECT_EQ(move_by(HubClient(hub_.base_url(), hub_.read_token()), "demo/old", "demo/fresh"), 403);
  hub_.admin().create_organization("club", "demo");
  EXPECT_EQ(move_by(client_, "demo/old", "club/old"), 200);
  EXPECT_EQ(client_.get("/api/models/demo/old").headers.get("Location"), "/api/models/club/old");
}

TEST_F(MoveTest, RefusesWhatIsNoName) {
  for (const char* to : {"new", "demo/a--b", "demo/refs", "a/b/c", ""}) {
    EXPECT_EQ(move("demo/old", to).status, 400) << to;
  }
  EXPECT_EQ(move("demo/missing", "demo/fresh").status, 404);
  EXPECT_EQ(move("demo/old", "demo/fresh", "dataset").status, 404);
}

TEST_F(MoveTest, HidesAPrivateRepositoryBehindItsOldNameToo) {
  client_.create_repo("secret", {{"private", true}});
  move("demo/secret", "demo/hidden");
  const Response old = nobody_.get("/api/models/demo/secret");
  EXPECT_EQ(old.status, 401);
  EXPECT_EQ(old.body, nobody_.get("/api/models/demo/never-there").body);
  EXPECT_EQ(client_.get("/api/models/demo/secret").status, 307);
}

TEST_F(MoveTest, KeepsTheOldNameOverARestart) {
  move("demo/old", "demo/fresh");
  hub_.stop();
  hub_.start();
  EXPECT_EQ(client_.get("/api/models/demo/old").headers.get("Location"), "/api/models/demo/fresh");
  EXPECT_EQ(client_.get("/demo/fresh/resolve/main/a%20b.txt").body, "kept");
}

TEST_F(MoveTest, RoutesIdsOfOnePart) {
  const Response missing = client_.get("/api/models/gpt2");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers.get("X-Error-Code"), "RepoNotFound");
  EXPECT_EQ(client_.get("/gpt2/resolve/main/config.json").headers.get("X-Error-Code"),
            "RepoNotFound");
}

}  // namespace
}  // namespace torchhub::testing
