#include "server/hub_client.h"
#include "server/store/database.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class GatedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    client_.commit_file("demo/m", "a.txt", "text");
    oid_ = client_.upload("demo/m", std::string(5000, 'w'));
    client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid_, 5000}));
  }
  Response settings(const json& body) const {
    return client_.send("PUT", "/api/models/demo/m/settings", body.dump());
  }
  Response decide(const std::string& word, const json& body) const {
    return client_.post("/api/models/demo/m/user-access-request/" + word, body);
  }
  std::vector<std::string> users(const std::string& status) const {
    std::vector<std::string> out;
    for (const json& item : client_.get_json("/api/models/demo/m/user-access-request/" + status)) {
      out.push_back(item.at("user").at("user"));
    }
    return out;
  }
  static Response download_batch(const HubClient& who, const std::string& oid) {
    return who.post("/demo/m.git/info/lfs/objects/batch",
                    {{"operation", "download"}, {"objects", {{{"oid", oid}, {"size", 5000}}}}});
  }

  LocalHub hub_;
  HubClient client_{hub_};
  HubClient eve_{hub_.base_url(), hub_.create_user("eve")};
  HubClient nobody_{hub_.base_url(), ""};
  std::string oid_;
};

const std::vector<std::string> kByteTargets = {
    "/demo/m/resolve/main/a.txt", "/demo/m/resolve/main/w.bin", "/demo/m/raw/main/a.txt",
    "/demo/m.git/info/refs?service=git-upload-pack", "/api/models/demo/m/auth-check"};

TEST_F(GatedTest, GivesBytesOnlyToThoseWhoWereLetIn) {
  ASSERT_EQ(settings({{"gated", "manual"}}).status, 200);
  for (const std::string& target : kByteTargets) {
    SCOPED_TRACE(target);
    const Response other = eve_.get(target);
    EXPECT_EQ(other.status, 403);
    EXPECT_EQ(other.headers.get("X-Error-Code"), "GatedRepo");
    EXPECT_EQ(
        other.headers.get("X-Error-Message"),
        "Access to model demo/m is restricted and you are not in the authorized list. Visit " +
            hub_.base_url() + "/demo/m to ask for access.");
    const Response anonymous = nobody_.get(target);
    EXPECT_EQ(anonymous.status, 401);
    EXPECT_EQ(anonymous.headers.get("X-Error-Code"), "GatedRepo");
    EXPECT_EQ(anonymous.headers.get("X-Error-Message"),
              "Access to model demo/m is restricted. You must have access to it and be "
              "authenticated to access it. Please log in.");
    EXPECT_EQ(client_.get(target).status, 200);
  }
  EXPECT_EQ(download_batch(eve_, oid_).status, 403);
  EXPECT_EQ(download_batch(client_, oid_).status, 200);
}

TEST_F(GatedTest, LetsInNoTokenWhoseScopesDoNotNameIt) {
  ASSERT_EQ(settings({{"gated", "manual"}}).status, 200);
  ASSERT_EQ(decide("grant", {{"user", "eve"}}).status, 200);
  const auto eve_with = [this](const std::string& scope) {
    return HubClient(hub_.base_url(), hub_.admin()
                                          .create_token({.user = "eve",
                                                         .role = TokenRole::fine_grained,
                                                         .scopes = {TokenScope::parse(scope)}})
                                          .value);
  };
  const HubClient elsewhere = eve_with("eve=repo.read,repo.write");
  const HubClient named = eve_with("demo/m=repo.read");
  for (const std::string& target : kByteTargets) {
    SCOPED_TRACE(target);
    EXPECT_EQ(elsewhere.get(target).status, 403);
    EXPECT_EQ(named.get(target).status, eve_.get(target).status);
    EXPECT_NE(named.get(target).status, 403);
  }
  EXPECT_EQ(elsewhere.get("/api/models/demo/m").status, 200) << "that it is there is public";
}

TEST_F(GatedTest, ShowsThePullRequestButNotItsDiff) {
  ASSERT_EQ(
      client_.commit("demo/m", to_ndjson(CommitFileLine{"a.txt", "a secret"}), "main?create_pr=1")
          .status,
      200);
  settings({{"gated", "manual"}});
  const std::string target = "/api/models/demo/m/discussions/1?diff=1";
  EXPECT_EQ(eve_.get_json(target).at("diff"), "");
  const std::string diff = client_.get_json(target).at("diff");
  EXPECT_NE(diff.find("a secret"), std::string::npos) << diff;
}

TEST_F(GatedTest, ShowsWhatItHoldsToAll) {
  settings({{"gated", "auto"}});
  EXPECT_EQ(nobody_.get_json("/api/models/demo/m").at("gated"), "auto");
  for (const char* target : {"/api/models/demo/m/tree/main", "/api/models/demo/m/refs",
                             "/api/models/demo/m/commits/main"}) {
    EXPECT_EQ(nobody_.get(target).status, 200) << target;
  }
}

TEST_F(GatedTest, ProvesNoPossessionOfObjectsThatOneMayNotHave) {
  settings({{"gated", "manual"}});
  HubClient(eve_).create_repo("mine");
  EXPECT_TRUE(eve_.batch("eve/mine", "upload", oid_, 5000).contains("actions"));
}

TEST_F(GatedTest, LetsInByHand) {
  settings({{"gated", "manual"}});
  const Response asked = eve_.post("/demo/m/ask-access", {{"why", "science"}});
  EXPECT_EQ(json::parse(asked.body).at("status"), "pending");
  EXPECT_EQ(eve_.get(kByteTargets[0]).status, 403);
  const json pending = client_.get_json("/api/models/demo/m/user-access-request/pending");
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].at("user").at("user"), "eve");
  EXPECT_EQ(pending[0].at("fields").at("why"), "science");
  EXPECT_TRUE(pending[0].at("timestamp").get<std::string>().ends_with("Z"));

  const std::string id = pending[0].at("requestId");
  EXPECT_EQ(decide("handle", {{"requestId", id}, {"status", "rejected"}}).status, 200);
  EXPECT_EQ(decide("handle", {{"user", "eve"}, {"status", "accepted"}}).status, 200);
  EXPECT_EQ(eve_.get(kByteTargets[0]).body, "text");
  EXPECT_EQ(users("accepted"), std::vector<std::string>{"eve"});
  EXPECT_EQ(decide("handle", {{"user", "eve"}, {"status", "accepted"}}).status, 404) << "already";

  EXPECT_EQ(decide("cancel", {{"user", "eve"}}).status, 200);
  EXPECT_EQ(users("pending"), std::vector<std::string>{"eve"});
  EXPECT_EQ(eve_.get(kByteTargets[0]).status, 403);
  EXPECT_EQ(
      decide("handle", {{"user", "eve"}, {"status", "rejected"}, {"rejectionReason", "no"}}).status,
      200);
  EXPECT_EQ(json::parse(eve_.post("/demo/m/ask-access", json::object()).body).at("status"),
            "rejected");
}

TEST_F(GatedTest, LetsInAtOnceWhereThatIsAsked) {
  settings({{"gated", "manual"}});
  eve_.post("/demo/m/ask-access", json::object());
  settings({{"gated", "auto"}});
  EXPECT_EQ(eve_.get(kByteTargets[0]).status, 403) << "she must ask again";
  const Response asked = eve_.send("POST", "/demo/m/ask-access", "a=1&b=x+y",
                                   {{"Content-Type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(json::parse(asked.body).at("status"), "accepted");
  EXPECT_EQ(eve_.get(kByteTargets[0]).status, 200);
}

TEST_F(GatedTest, GrantsWithoutBeingAsked) {
  EXPECT_EQ(decide("grant", {{"user", "eve"}}).status, 400) << "not gated";
  settings({{"gated", "manual"}});
  EXPECT_EQ(decide("grant", {{"user", "nobody"}}).status, 404);
  EXPECT_EQ(decide("handle", {{"user", "eve"}, {"status", "accepted"}}).status, 404)
      << "never asked";
  EXPECT_EQ(decide("handle", {{"user", "eve"}, {"status", "perhaps"}}).status, 400);
  EXPECT_EQ(decide("grant", {{"user", "eve"}}).status, 200);
  EXPECT_EQ(decide("grant", {{"user", "eve"}}).status, 400) << "has it already";
  EXPECT_EQ(eve_.get(kByteTargets[0]).status, 200);
}

TEST_F(GatedTest, LetsOnlyWritersDecide) {
  settings({{"gated", "manual"}});
  const std::string base = "/api/models/demo/m/user-access-request/";
  EXPECT_EQ(eve_.get(base + "pending").status, 403);
  EXPECT_EQ(eve_.post(base + "grant", {{"user", "eve"}}).status, 403);
  EXPECT_EQ(nobody_.post("/demo/m/ask-access", json::object()).status, 401);
  EXPECT_EQ(client_.get(base + "perhaps").status, 404);
}

TEST_F(GatedTest, LetsMembersOfItsOrganizationIn) {
  hub_.admin().create_organization("club", "demo");
  client_.create_repo("club/m");
  client_.commit_file("club/m", "a.txt", "text");
  client_.send("PUT", "/api/models/club/m/settings", R"({"gated": "manual"})");
  EXPECT_EQ(eve_.get("/club/m/resolve/main/a.txt").status, 403);
  hub_.admin().set_member("club", "eve", OrganizationRole::read);
  EXPECT_EQ(eve_.get("/club/m/resolve/main/a.txt").status, 200);
}

TEST_F(GatedTest, AnswersWithTheNewSettings) {
  const Response answer = settings({{"gated", "auto"}, {"description", "a model"}});
  EXPECT_EQ(json::parse(answer.body), json::parse(R"({"private": false, "visibility": "public",
                                                   "gated": "auto", "description": "a model"})"));
  EXPECT_EQ(settings({{"gated", "perhaps"}}).status, 400);
  EXPECT_EQ(settings({{"description", std::string(2001, 'x')}}).status, 400);
  EXPECT_EQ(client_.send("PUT", "/api/repos/model/demo/m/settings", R"({"private": true})").status,
            200);
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("private"), true);
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("gated"), "auto") << "stays";
}

TEST_F(GatedTest, SaysThatAResourceIsDisabled) {
  server::Connection database(hub_.data_dir() / "hub.db", Durability::relaxed);
  database.script("UPDATE repo SET disabled = 1");
  std::vector<std::string> targets = kByteTargets;
  targets.emplace_back("/api/models/demo/m");
  for (const std::string& target : targets) {
    const Response response = client_.get(target);
    EXPECT_EQ(response.status, 403) << target;
    EXPECT_EQ(response.headers.get("X-Error-Message"), "Access to this resource is disabled.");
  }
  EXPECT_EQ(download_batch(client_, oid_).status, 403);
  EXPECT_EQ(client_.commit("demo/m", to_ndjson(CommitFileLine{"a", "1"})).status, 403);
  database.script("UPDATE repo SET private = 1");
  EXPECT_EQ(eve_.get("/api/models/demo/m").status, 404) << "hidden, as before";
}

}  // namespace
}  // namespace torchhub::testing
