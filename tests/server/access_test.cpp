#include "server/hub_client.h"
#include "server/visible.h"
#include "support/message_of.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/base64.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("open");
    client_.create_repo("hidden", {{"private", true}});
    client_.commit_file("demo/hidden", "a.txt", "secret");
  }

  LocalHub hub_;
  HubClient client_{hub_};
  HubClient nobody_{hub_.base_url(), ""};
  HubClient eve_{hub_.base_url(), hub_.create_user("eve")};
};

const std::vector<std::string> kReadTargets = {"/api/models/demo/NAME",
                                               "/api/models/demo/NAME/revision/main",
                                               "/api/models/demo/NAME/tree/main",
                                               "/api/models/demo/NAME/refs",
                                               "/api/models/demo/NAME/commits/main",
                                               "/demo/NAME/resolve/main/a.txt",
                                               "/demo/NAME/raw/main/a.txt",
                                               "/demo/NAME.git/info/refs?service=git-upload-pack",
                                               "/api/models/demo/NAME/auth-check"};

std::string named(std::string target, const std::string& name) {
  return target.replace(target.find("NAME"), 4, name);
}

TEST_F(AccessTest, PrivateLooksLikeMissingToEverybodyElse) {
  for (const std::string& target : kReadTargets) {
    for (const HubClient* who : {&nobody_, &eve_}) {
      SCOPED_TRACE(target);
      EXPECT_EQ(visible(who->get(named(target, "hidden"))),
                visible(who->get(named(target, "missin"))));
    }
  }
  for (const HubClient* who : {&nobody_, &eve_}) {
    const auto commit = [&](const std::string& repo) {
      return visible(who->commit(repo, to_ndjson(CommitFileLine{"a", "1"})));
    };
    EXPECT_EQ(commit("demo/hidden"), commit("demo/missin"));
  }
}

TEST_F(AccessTest, LooksForANameThatNobodyMayTakeLikeForAnyOther) {
  for (const std::string& target : kReadTargets) {
    for (const HubClient* who : {&nobody_, &eve_}) {
      SCOPED_TRACE(target);
      EXPECT_EQ(visible(who->get(named(target, "a--b-c"))),
                visible(who->get(named(target, "missin"))));
    }
  }
  EXPECT_EQ(eve_.get("/api/models/demo/a--b..c").status, 400);
  EXPECT_EQ(eve_.get("/api/models/demo/-a").status, 400);
}

TEST_F(AccessTest, SaysRepoNotFoundWithTheRightStatus) {
  const Response anonymous = nobody_.get("/api/models/demo/missing");
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_EQ(anonymous.headers.get("X-Error-Code"), "RepoNotFound");
  EXPECT_EQ(anonymous.headers.get("X-Error-Message"), "Repository not found");
  EXPECT_EQ(json::parse(anonymous.body).at("error"), "Repository not found");
  EXPECT_EQ(eve_.get("/api/models/demo/missing").status, 404);
  EXPECT_EQ(nobody_.get("/demo/missing.git/info/refs?service=git-upload-pack")
                .headers.get("WWW-Authenticate")
                .value_or("")
                .substr(0, 6),
            "Basic ");
  EXPECT_TRUE(nobody_.post("/demo/missing.git/info/lfs/objects/batch", json::object())
                  .headers.get("LFS-Authenticate"));
}

TEST_F(AccessTest, RefusesBadTokensEvenOnPublicThings) {
  const HubClient wrong(hub_.base_url(), "hf_wrongwrongwrongwrongwrongwrongwrong");
  for (const char* target :
       {"/api/models/demo/open", "/api/whoami-v2", "/demo/open/resolve/main/.gitattributes"}) {
    const Response response = wrong.get(target);
    EXPECT_EQ(response.status, 401) << target;
    EXPECT_EQ(response.headers.get("X-Error-Message"),
              "Invalid credentials in Authorization header");
    EXPECT_FALSE(response.headers.get("X-Error-Code"));
  }
  for (const char* value : {"Bearer", "Basic !!!", "Digest x", "Bearer "}) {
    EXPECT_EQ(nobody_.send("GET", "/api/models/demo/open", {}, {{"Authorization", value}}).status,
              401)
        << value;
  }
}

TEST_F(AccessTest, RevokedTokensFailAtTheNextRequest) {
  const std::string token = hub_.read_token();
  const HubClient reader(hub_.base_url(), token);
  EXPECT_EQ(reader.get("/api/whoami-v2").status, 200);
  EXPECT_TRUE(hub_.admin().revoke_token(token));
  EXPECT_EQ(reader.get("/api/whoami-v2").status, 401);
  EXPECT_FALSE(hub_.admin().revoke_token(token));
}

TEST_F(AccessTest, TakesTheTokenAsABasicPasswordOrName) {
  for (const std::string& pair :
       {"anybody:" + hub_.token(), hub_.token() + ":", hub_.token() + ":x"}) {
    const Response response = nobody_.send("GET", "/api/models/demo/hidden", {},
                                           {{"Authorization", "Basic " + base64_encode(pair)}});
    EXPECT_EQ(response.status, 200);
  }
}

TEST(Guessing, EndsInAWaitForEveryCredentialOfTheAddress) {
  // A proxy's word for the client's address: tests come from loopback, which is not counted.
  const LocalHub hub(relaxed({.trusted_proxies = {"127.0.0.1"}}));
  HubClient(hub).create_repo("open");
  const HubClient nobody(hub.base_url(), "");
  const auto ask = [&](const std::string& address, const std::string& token) {
    Headers headers{{"X-Forwarded-For", address}};
    if (!token.empty()) headers.set("Authorization", "Bearer " + token);
    return nobody.get("/api/models/demo/open", std::move(headers));
  };
  for (int guess = 0; guess < 20; ++guess) {
    ASSERT_EQ(ask("203.0.113.7", "hf_guess" + std::to_string(guess)).status, 401) << guess;
  }
  for (const std::string& token : {std::string("hf_guess"), hub.token()}) {
    const Response refused = ask("203.0.113.7", token);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.headers.get("X-Error-Message"),
              "Too many wrong credentials came from your address. Wait a minute.");
    const int wait = std::stoi(refused.headers.get("Retry-After").value_or("0"));
    EXPECT_GT(wait, 0);
    EXPECT_LE(wait, 60);
  }
  EXPECT_EQ(ask("203.0.113.7", "").status, 200) << "the anonymous guess nothing";
  EXPECT_EQ(ask("203.0.113.8", hub.token()).status, 200);
}

TEST_F(AccessTest, TellsWhoAmI) {
  const json me = client_.get_json("/api/whoami-v2");
  EXPECT_EQ(me.at("type"), "user");
  EXPECT_EQ(me.at("name"), "demo");
  EXPECT_EQ(me.at("auth").at("accessToken").at("role"), "write");
  EXPECT_TRUE(me.at("auth").at("accessToken").at("createdAt").get<std::string>().ends_with("Z"));
  EXPECT_EQ(me.at("orgs"), json::array());
  const Response anonymous = nobody_.get("/api/whoami-v2");
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_EQ(anonymous.headers.get("X-Error-Message"), "Invalid username or password.");
}

TEST_F(AccessTest, OrganizationsCountByRole) {
  hub_.admin().create_organization("team", "demo");
  client_.create_repo("shared", {{"organization", "team"}, {"private", true}});
  EXPECT_EQ(client_.get("/api/models/team/shared").status, 200);
  EXPECT_EQ(eve_.get("/api/models/team/shared").status, 404);
  EXPECT_EQ(eve_.post("/api/repos/create", {{"name", "x"}, {"organization", "team"}}).status, 403);
  EXPECT_EQ(client_.get_json("/api/whoami-v2").at("orgs").at(0).at("roleInOrg"), "admin");
}

TEST_F(AccessTest, MembersMayWhatTheirRoleSays) {
  hub_.admin().create_organization("team", "demo");
  client_.create_repo("shared", {{"organization", "team"}, {"private", true}});
  const auto may_write = [&](const std::string& repo) {
    return eve_.get("/api/models/team/" + repo + "/auth-check/write").status;
  };
  const auto create = [&](const std::string& name) {
    return eve_.post("/api/repos/create", {{"name", name}, {"organization", "team"}}).status;
  };
  const auto as = [&](OrganizationRole role) { hub_.admin().set_member("team", "eve", role); };
  as(OrganizationRole::read);
  EXPECT_EQ(eve_.get("/api/models/team/shared").status, 200);
  EXPECT_EQ(may_write("shared"), 403);
  EXPECT_EQ(create("hers"), 403);
  as(OrganizationRole::contributor);
  EXPECT_EQ(create("hers"), 200);
  EXPECT_EQ(may_write("hers"), 200);
  EXPECT_EQ(may_write("shared"), 403);
  as(OrganizationRole::write);
  EXPECT_EQ(may_write("shared"), 200);
  EXPECT_EQ(eve_.get_json("/api/whoami-v2").at("orgs").at(0).at("roleInOrg"), "write");
}

TEST_F(AccessTest, AnOrganizationKeepsAnAdmin) {
  hub_.admin().create_organization("team", "demo");
  const auto change = [&](const char* user, const char* role) {
    hub_.admin().set_member("team", user, parse_organization_role(role));
  };
  EXPECT_EQ(message_of<AccountError>([&] { change("demo", "read"); }),
            "'demo' is the only admin of 'team', and stays it. Make somebody else admin first.");
  EXPECT_EQ(client_.get_json("/api/whoami-v2").at("orgs").at(0).at("roleInOrg"), "admin");
  change("eve", "admin");
  change("demo", "read");
  EXPECT_EQ(client_.get_json("/api/whoami-v2").at("orgs").at(0).at("roleInOrg"), "read");
  EXPECT_EQ(message_of<InvalidArgumentError>([&] { change("demo", "boss"); }),
            "'boss' is not a role in an organisation. Use read, contributor, write or admin.");
  EXPECT_THROW(hub_.admin().set_member("demo", "eve", OrganizationRole::read), AccountError);
  EXPECT_THROW(change("nemo", "read"), AccountError);
}

TEST_F(AccessTest, NobodyCreatesUnderAnotherName) {
  const Response response =
      eve_.post("/api/repos/create", {{"name", "x"}, {"organization", "demo"}});
  EXPECT_EQ(response.status, 403);
  // The same words whether the account is there or not.
  const Response missing =
      eve_.post("/api/repos/create", {{"name", "x"}, {"organization", "nemo"}});
  EXPECT_EQ(missing.status, 403);
  EXPECT_EQ(nobody_.post("/api/repos/create", {{"name", "x"}}).status, 401);
  const HubClient reader(hub_.base_url(), hub_.read_token());
  EXPECT_EQ(reader.post("/api/repos/create", {{"name", "x"}}).status, 403);
}

TEST_F(AccessTest, ListsShowWhatTheCallerMayRead) {
  const auto names = [](const HubClient& who) {
    std::vector<std::string> out;
    for (const json& repo : who.get_json("/api/models?author=demo")) out.push_back(repo.at("id"));
    std::sort(out.begin(), out.end());
    return out;
  };
  EXPECT_EQ(names(client_), (std::vector<std::string>{"demo/hidden", "demo/open"}));
  EXPECT_EQ(names(eve_), (std::vector<std::string>{"demo/open"}));
  EXPECT_EQ(names(nobody_), (std::vector<std::string>{"demo/open"}));
}

TEST_F(AccessTest, VisibilityCanChange) {
  const auto put = [&](const json& body) {
    return client_.send("PUT", "/api/models/demo/hidden/settings", body.dump()).status;
  };
  EXPECT_EQ(put({{"visibility", "public"}}), 200);
  EXPECT_EQ(nobody_.get("/demo/hidden/resolve/main/a.txt").body, "secret");
  EXPECT_EQ(put({{"private", true}}), 200);
  EXPECT_EQ(nobody_.get("/demo/hidden/resolve/main/a.txt").status, 401);
  EXPECT_EQ(eve_.send("PUT", "/api/models/demo/open/settings", R"({"private":true})").status, 403);
}

TEST_F(AccessTest, TheDataFolderHoldsNoToken) {
  std::string everything;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(hub_.data_dir())) {
    if (entry.is_regular_file()) everything += read_file(entry.path());
  }
  EXPECT_GT(everything.size(), 1000U);
  EXPECT_EQ(everything.find(hub_.token()), std::string::npos);
}

}  // namespace
}  // namespace torchhub::testing
