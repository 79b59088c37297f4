#include "server/hub_client.h"
#include "server/hub_state.h"
#include "server/refused_change.h"
#include "torchhub/base/timestamp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class ProfileTest : public ::testing::Test {
 protected:
  ProfileTest() {
    hub_.admin().create_organization("Team", "demo");
    hub_.admin().set_member("team", "eve", OrganizationRole::contributor);
    client_.create_repo("open");
    client_.create_repo("hidden", {{"private", true}});
    client_.create_repo("data", {{"type", "dataset"}, {"organization", "Team"}, {"private", true}});
  }

  std::string fine_grained(const std::string& scope) {
    return hub_.admin()
        .create_token({.user = "demo",
                       .role = TokenRole::fine_grained,
                       .name = "ci",
                       .lifetime = std::chrono::hours(24),
                       .scopes = {TokenScope::parse(scope)}})
        .value;
  }

  LocalHub hub_;
  HubClient client_{hub_};
  HubClient nobody_{hub_.base_url(), ""};
  HubClient eve_{hub_.base_url(), hub_.create_user("eve")};
};

TEST_F(ProfileTest, TellsTheUserAloneTheirAddress) {
  EXPECT_EQ(client_.get_json("/api/whoami-v2").at("email"), nullptr);
  hub_.admin().change_user("demo", {.fullname = "Dê Mo", .email = "demo@example.org"});
  const json me = client_.get_json("/api/whoami-v2");
  EXPECT_EQ(me.at("fullname"), "Dê Mo");
  EXPECT_EQ(me.at("email"), "demo@example.org");
  EXPECT_FALSE(me.at("auth").contains("expiresAt"));
  const Response overview = nobody_.get("/api/users/demo/overview");
  EXPECT_EQ(overview.body.find("example.org"), std::string::npos);
  EXPECT_EQ(json::parse(overview.body).at("fullname"), "Dê Mo");
}

TEST_F(ProfileTest, TellsAFineGrainedTokensScopes) {
  const HubClient ci(hub_.base_url(), fine_grained("demo/hidden=repo.read,inference"));
  const json auth = ci.get_json("/api/whoami-v2").at("auth");
  const json& token = auth.at("accessToken");
  EXPECT_EQ(token.at("role"), "fineGrained");
  EXPECT_EQ(token.at("displayName"), "ci");
  const json& scope = token.at("fineGrained").at("scoped").at(0);
  EXPECT_EQ(scope.at("entity").at("name"), "demo/hidden");
  EXPECT_EQ(scope.at("entity").at("type"), "model");
  EXPECT_EQ(scope.at("entity").at("_id"), client_.get_json("/api/models/demo/hidden").at("_id"));
  EXPECT_EQ(scope.at("permissions"), json({"repo.read", "inference"}));
  EXPECT_EQ(parse_rfc3339(auth.at("expiresAt").get<std::string>()) -
                parse_rfc3339(token.at("createdAt").get<std::string>()),
            std::chrono::hours(24));
}

TEST_F(ProfileTest, NamesOrganizationsToTokensThatMayReadThem) {
  const HubClient without(hub_.base_url(), fine_grained("demo=repo.read"));
  EXPECT_EQ(without.get_json("/api/whoami-v2").at("orgs"), json::array());
  const HubClient with(hub_.base_url(), fine_grained("team=org.read"));
  const json organization = with.get_json("/api/whoami-v2").at("orgs").at(0);
  EXPECT_EQ(organization.at("name"), "Team");
  EXPECT_EQ(organization.at("type"), "org");
  EXPECT_EQ(organization.at("roleInOrg"), "admin");
  EXPECT_EQ(organization.at("isEnterprise"), false);
}

TEST_F(ProfileTest, AScopeEndsWithItsRepository) {
  const HubClient ci(hub_.base_url(), fine_grained("demo/hidden=repo.read"));
  EXPECT_EQ(ci.get("/api/models/demo/hidden").status, 200);
  ASSERT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name":"hidden"})").status, 200);
  client_.create_repo("hidden", {{"private", true}});
  EXPECT_EQ(ci.get("/api/models/demo/hidden").status, 404) << "another one of that name";
  EXPECT_EQ(ci.get_json("/api/whoami-v2")["auth"]["accessToken"]["fineGrained"]["scoped"],
            json::array());
}

TEST_F(ProfileTest, AScopeOfAnAccountIsForAllItsRepositories) {
  const HubClient ci(hub_.base_url(), fine_grained("team=repo.write"));
  EXPECT_EQ(ci.get("/api/datasets/team/data/auth-check/write").status, 200);
  EXPECT_EQ(ci.post("/api/repos/create", {{"name", "other"}, {"organization", "team"}}).status,
            200);
  const Response elsewhere = ci.post("/api/repos/create", {{"name", "other"}});
  EXPECT_EQ(elsewhere.status, 403);
  EXPECT_EQ(elsewhere.headers.get("X-Error-Message"),
            "Your token has the role 'fineGrained' without 'repo.write' on 'demo', which this "
            "needs.");
  EXPECT_EQ(ci.send("DELETE", "/api/repos/delete", R"({"name":"team/other"})").status, 200);
}

TEST_F(ProfileTest, AScopeOfARepositoryLetsItBeDeleted) {
  const HubClient ci(hub_.base_url(), fine_grained("demo/open=repo.write"));
  EXPECT_EQ(ci.send("DELETE", "/api/repos/delete", R"({"name":"demo/hidden"})").status, 404);
  EXPECT_EQ(ci.send("DELETE", "/api/repos/delete", R"({"name":"demo/open"})").status, 200);
}

TEST_F(ProfileTest, ListsShowAFineGrainedTokenWhatItMayRead) {
  const auto names = [&](const HubClient& who) {
    std::vector<std::string> out;
    for (const json& repo : who.get_json("/api/models")) out.push_back(repo.at("id"));
    std::sort(out.begin(), out.end());
    return out;
  };
  client_.create_repo("secret", {{"private", true}});
  const HubClient ci(hub_.base_url(), fine_grained("demo/hidden=repo.read"));
  EXPECT_EQ(names(ci), (std::vector<std::string>{"demo/hidden", "demo/open"}));
}

TEST_F(ProfileTest, AnObjectOfAHiddenRepositoryIsNoneToAFineGrainedToken) {
  const std::string oid = client_.upload("demo/hidden", "secret bytes");
  const HubClient ci(hub_.base_url(), fine_grained("demo/open=repo.write"));
  EXPECT_TRUE(ci.batch("demo/open", "upload", oid, 12).contains("actions"));
  EXPECT_FALSE(client_.batch("demo/open", "upload", oid, 12).contains("actions"))
      << "the owner may read it already";
}

TEST_F(ProfileTest, DescribesAUser) {
  const json user = nobody_.get_json("/api/users/DEMO/overview");
  EXPECT_EQ(user.at("user"), "demo");
  EXPECT_EQ(user.at("type"), "user");
  EXPECT_EQ(user.at("isPro"), false);
  EXPECT_EQ(user.at("avatarUrl"), hub_.base_url() + "/avatars/demo.svg");
  EXPECT_EQ(user.at("orgs").at(0).at("name"), "Team");
  EXPECT_EQ(user.at("numFollowers"), 0);
  for (const char* missing : {"/api/users/nemo/overview", "/api/users/team/overview",
                              "/api/users/nemo/followers", "/api/users/team/following"}) {
    const Response response = nobody_.get(missing);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.headers.get("X-Error-Message"), "User not found");
  }
  for (const char* list : {"/api/users/demo/followers", "/api/users/demo/following",
                           "/api/organizations/team/followers"}) {
    EXPECT_EQ(nobody_.get_json(list), json::array()) << list;
  }
}

TEST_F(ProfileTest, CountsOnlyWhatTheCallerMayRead) {
  const auto models = [](const HubClient& who) {
    return who.get_json("/api/users/demo/overview").at("numModels");
  };
  EXPECT_EQ(models(client_), 2);
  EXPECT_EQ(models(eve_), 1);
  EXPECT_EQ(models(nobody_), 1);
  const auto data_sets = [](const HubClient& who) {
    return who.get_json("/api/organizations/team/overview").at("numDatasets");
  };
  EXPECT_EQ(data_sets(eve_), 1) << "a member";
  EXPECT_EQ(data_sets(nobody_), 0);
}

TEST_F(ProfileTest, DescribesAnOrganizationAndItsMembers) {
  hub_.admin().change_organization("team", {.fullname = "The Team"});
  const json team = nobody_.get_json("/api/organizations/team/overview");
  EXPECT_EQ(team.at("name"), "Team");
  EXPECT_EQ(team.at("fullname"), "The Team");
  EXPECT_EQ(team.at("numUsers"), 2);
  EXPECT_EQ(nobody_.get("/api/organizations/demo/overview").headers.get("X-Error-Message"),
            "Organization not found");
  const json members = nobody_.get_json("/api/organizations/team/members");
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members.at(0).at("user"), "demo");
  EXPECT_EQ(members.at(1).at("user"), "eve");
  EXPECT_EQ(members.at(1).at("fullname"), "eve");
}

TEST_F(ProfileTest, PagesMembers) {
  const Response first = nobody_.get("/api/organizations/team/members?limit=1");
  EXPECT_EQ(json::parse(first.body).at(0).at("user"), "demo");
  const std::string link = first.headers.get("Link").value_or("");
  ASSERT_TRUE(link.starts_with("<" + hub_.base_url())) << link;
  const Response second = nobody_.get(link.substr(1, link.find('>') - 1));
  EXPECT_EQ(json::parse(second.body).at(0).at("user"), "eve");
  EXPECT_FALSE(second.headers.get("Link"));
}

TEST_F(ProfileTest, MakesPrivateWhatAnAccountMakesByDefault) {
  hub_.admin().change_organization("team", {.private_default = true});
  const auto create = [&](json body) {
    body["organization"] = "team";
    return json::parse(client_.post("/api/repos/create", body).body).at("private");
  };
  EXPECT_EQ(create({{"name", "one"}}), true);
  EXPECT_EQ(create({{"name", "two"}, {"private", false}}), false);
}

TEST_F(ProfileTest, DrawsAPictureOfEveryName) {
  const Response picture = nobody_.get("/avatars/demo.svg");
  EXPECT_EQ(picture.status, 200);
  EXPECT_EQ(picture.headers.get("Content-Type"), "image/svg+xml");
  EXPECT_EQ(picture.headers.get("Content-Security-Policy"), "default-src 'none'; sandbox");
  EXPECT_EQ(picture.headers.get("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_TRUE(picture.body.starts_with("<svg ")) << picture.body;
  EXPECT_EQ(picture.body.find("demo"), std::string::npos) << "nothing of the name is in it";
  EXPECT_EQ(nobody_.get("/avatars/DEMO.svg").body, picture.body);
  EXPECT_EQ(nobody_.get("/avatars/nemo.svg").status, 200);
  EXPECT_NE(nobody_.get("/avatars/nemo.svg").body, picture.body);
  for (const char* bad : {"/avatars/demo", "/avatars/demo.png", "/avatars/.svg",
                          "/avatars/%3Cscript%3E.svg", "/avatars/a--b.svg"}) {
    EXPECT_EQ(nobody_.get(bad).status, 404) << bad;
  }
}

class EventsTest : public ProfileTest {
 protected:
  static std::string make_root(Admin& admin) {
    admin.create_site_admin("root");
    return admin.create_token("root", TokenRole::write);
  }

  std::vector<json> uses() {
    server::Database database(hub_.data_dir() / "hub.db", Durability::relaxed);
    const auto clock = system_clock();
    std::vector<json> out;
    for (const server::Event& event : server::EventLog(database, *clock).newest(100)) {
      if (event.kind == "site_admin.use") out.push_back(json::parse(event.details));
    }
    return out;
  }

  HubClient root_{hub_.base_url(), make_root(hub_.admin())};
};

TEST_F(EventsTest, NoteEachUseOfTheSiteAdminsRight) {
  root_.get("/api/models/demo/open");
  root_.create_repo("own", {{"private", true}});
  root_.commit_file("root/own", "a.txt", "1");
  root_.get_json("/api/models");
  EXPECT_TRUE(uses().empty()) << "anybody in their place could have done that";
  root_.get("/api/models/demo/hidden");
  root_.commit_file("demo/open", "a.txt", "1");
  root_.post("/api/repos/create", {{"name", "other"}, {"organization", "demo"}});
  const std::vector<json> found = uses();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[2], json({{"actor", "root"}, {"repo", "demo/hidden"}, {"use", "read"}}));
  EXPECT_EQ(found[1], json({{"actor", "root"}, {"repo", "demo/open"}, {"use", "write"}}));
  EXPECT_EQ(found[0], json({{"actor", "root"}, {"account", "demo"}, {"use", "create"}}));
}

TEST_F(EventsTest, ComeBeforeTheUseThatTheyTellOf) {
  const RefusedChange refused(hub_, "refused", "INSERT ON event");
  EXPECT_EQ(root_.get("/api/models/demo/hidden").status, 503);
  EXPECT_EQ(root_.get("/api/models/demo/open").status, 200);
}

}  // namespace
}  // namespace torchhub::testing
