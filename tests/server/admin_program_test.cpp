#include "server/hub_client.h"
#include "server/served_hub.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class AdminProgramTest : public ::testing::Test {
 protected:
  AdminProgramTest() {
    admin({"user", "create", "ana"});
    admin({"user", "create", "bob"});
  }

  Finished admin(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"admin", "--data", data()});
    return torchhub_program(std::move(arguments));
  }
  json as_json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const Finished done = admin(std::move(arguments));
    EXPECT_EQ(done.exit_code, 0) << done.errors;
    return json::parse(done.output);
  }
  std::string data() const { return (folder_ / "data").string(); }

  TempDir folder_;
};

TEST_F(AdminProgramTest, GivesMembersTheirRoles) {
  EXPECT_EQ(admin({"org", "create", "team", "--owner", "ana"}).exit_code, 0);
  EXPECT_EQ(admin({"org", "add", "team", "bob", "--role", "write"}).exit_code, 0);
  EXPECT_EQ(admin({"org", "add", "team", "bob", "--role", "boss"}).exit_code, 2);
  const Finished none = admin({"org", "add", "crew", "bob", "--role", "read"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.errors.find("There is no organisation 'crew' in"), std::string::npos)
      << none.errors;
  EXPECT_EQ(admin({"org", "members", "team"}).output, "ana admin\nbob write\n");
  EXPECT_EQ(admin({"org", "list"}).output, "team\n");
}

TEST_F(AdminProgramTest, RemovesMembersButTheLastAdmin) {
  admin({"org", "create", "team", "--owner", "ana"});
  admin({"org", "add", "team", "bob", "--role", "read"});
  const Finished last = admin({"org", "remove", "team", "ana"});
  EXPECT_EQ(last.exit_code, 1);
  EXPECT_EQ(last.errors,
            "torchhub: 'ana' is the only admin of 'team', and stays it. Make somebody else admin "
            "first.\n");
  EXPECT_EQ(admin({"org", "remove", "team", "bob"}).exit_code, 0);
  const Finished again = admin({"org", "remove", "team", "bob"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(again.errors,
            "torchhub: 'bob' is no member of 'team'. See 'torchhub admin org members team'.\n");
  EXPECT_EQ(admin({"org", "members", "team"}).output, "ana admin\n");
}

TEST_F(AdminProgramTest, PrintsJsonWhereAsked) {
  const json made = as_json({"user", "create", "eve", "--fullname", "Eve E.", "--email",
                             "eve@example.org", "--private-default", "on"});
  EXPECT_EQ(made.at("fullname"), "Eve E.");
  EXPECT_EQ(made.at("email"), "eve@example.org");
  EXPECT_EQ(made.at("privateDefault"), true);
  EXPECT_EQ(made.at("siteAdmin"), false);
  EXPECT_EQ(as_json({"user", "set", "eve", "--email", "", "--site-admin", "on"}).at("email"),
            nullptr);
  EXPECT_EQ(as_json({"user", "list"}).at(2).at("siteAdmin"), true);
  EXPECT_EQ(as_json({"org", "create", "team", "--owner", "ana"}).at("name"), "team");
  EXPECT_EQ(as_json({"org", "set", "team", "--fullname", "The Team"}).at("fullname"), "The Team");
  EXPECT_EQ(as_json({"org", "list"}).at(0).at("fullname"), "The Team");
  EXPECT_EQ(as_json({"org", "add", "team", "bob", "--role", "read"}).at("role"), "read");
  EXPECT_EQ(as_json({"org", "members", "team"}),
            json({{{"user", "ana"}, {"role", "admin"}}, {{"user", "bob"}, {"role", "read"}}}));
  EXPECT_EQ(as_json({"org", "remove", "team", "bob"}).at("role"), nullptr);
}

TEST_F(AdminProgramTest, RefusesSettingsThatMakeNoSense) {
  EXPECT_EQ(admin({"user", "set", "ana", "--email", "nowhere"}).errors,
            "torchhub: 'nowhere' is no email address: it has no '@'.\n");
  EXPECT_EQ(admin({"user", "set", "ana", "--email", "nowhere"}).exit_code, 2);
  EXPECT_EQ(admin({"user", "set", "ana", "--fullname", "two\nlines"}).errors,
            "torchhub: An account's fullname must be one line of UTF-8 text of at most 256 "
            "bytes.\n");
  EXPECT_EQ(admin({"user", "set", "ana", "--site-admin", "yes"}).exit_code, 2);
  EXPECT_EQ(admin({"user", "set", "nemo", "--fullname", "x"}).exit_code, 1);
  EXPECT_EQ(admin({"user"}).exit_code, 2);
}

TEST_F(AdminProgramTest, MakesListsAndRevokesTokens) {
  const json made =
      as_json({"token", "create", "ana", "--role", "fineGrained", "--name", "ci", "--expires",
               "30d", "--scope", "bob=repo.read", "--scope", "ana=repo.read,repo.write"});
  const std::string value = made.at("token");
  const std::string id = made.at("id");
  EXPECT_EQ(value.size(), 37U);
  EXPECT_EQ(made.at("scopes").at(1),
            json({{"entity", "ana"}, {"permissions", {"repo.read", "repo.write"}}}));
  const json listed = as_json({"token", "list", "ana"}).at(0);
  EXPECT_EQ(listed.at("id"), id);
  EXPECT_EQ(listed.at("expiresAt"), made.at("expiresAt"));
  EXPECT_FALSE(listed.contains("token"));
  EXPECT_EQ(as_json({"token", "list", "bob"}), json::array());
  const std::string table = admin({"token", "list"}).output;
  EXPECT_NE(table.find(id), table.npos) << table;
  EXPECT_NE(table.find("fineGrained"), table.npos) << table;
  EXPECT_EQ(table.find(value), table.npos);
  EXPECT_EQ(admin({"token", "revoke", id}).exit_code, 0);
  const Finished again = admin({"token", "revoke", id});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(again.errors, "torchhub: There is no such token. See 'torchhub admin token list'.\n");
}

TEST_F(AdminProgramTest, RefusesTokensThatMakeNoSense) {
  const auto create = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"token", "create", "ana", "--role"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return admin(std::move(arguments));
  };
  EXPECT_EQ(create({"read", "--expires", "soon"}).errors,
            "torchhub: 'soon' is no lifetime. Write a number with m, h, d or w: 12h, 30d.\n");
  for (const char* bad : {"soon", "30", "0d", "-1d", "1y", "99999999999999999999d", "30dd", ""}) {
    EXPECT_EQ(create({"read", "--expires", bad}).exit_code, 2) << bad;
  }
  EXPECT_EQ(create({"read", "--scope", "ana=repo.read"}).exit_code, 2);
  EXPECT_EQ(create({"fineGrained"}).exit_code, 2);
  EXPECT_EQ(create({"fineGrained", "--scope", "nemo=repo.read"}).exit_code, 1);
  EXPECT_EQ(admin({"token", "list"}).output.find("hf_"), std::string::npos) << "nothing was made";
}

TEST_F(AdminProgramTest, ShowsWhatAUserHas) {
  admin({"org", "create", "team", "--owner", "ana"});
  admin({"token", "create", "ana", "--role", "read"});
  admin({"user", "disable", "ana"});
  EXPECT_EQ(admin({"user", "show", "ANA"}).output,
            "name            ana\n"
            "fullname        ana\n"
            "email           -\n"
            "disabled        yes\n"
            "site admin      no\n"
            "member of       team (admin)\n"
            "tokens          1\n"
            "repositories    -\n");
  const json shown = as_json({"user", "show", "ana"});
  EXPECT_EQ(shown.at("organizations"), json({{{"name", "team"}, {"role", "admin"}}}));
  EXPECT_EQ(shown.at("tokens"), 1);
  EXPECT_EQ(shown.at("repositories"), json::array());
  EXPECT_EQ(admin({"user", "show", "nemo"}).exit_code, 1);
  EXPECT_EQ(admin({"user", "show", "team"}).exit_code, 1) << "no user";
  ServedHub hub(data());
  ASSERT_TRUE(hub.start());
  HubClient(hub.base_url(), hub.token()).create_repo("m");
  EXPECT_EQ(as_json({"user", "show", "demo"}).at("repositories"), json({"model demo/m"}));
}

TEST_F(AdminProgramTest, RevokesAllTokensOfAUserWhileTheServerRuns) {
  ServedHub hub(data());
  ASSERT_TRUE(hub.start());
  admin({"token", "create", "demo", "--role", "read"});
  admin({"token", "create", "ana", "--role", "read"});
  const HubClient demo(hub.base_url(), hub.token());
  EXPECT_EQ(demo.get("/api/whoami-v2").status, 200);
  EXPECT_EQ(admin({"token", "revoke", "--all-of", "demo"}).output, "2 tokens of 'demo' revoked.\n");
  EXPECT_EQ(demo.get("/api/whoami-v2").status, 401);
  EXPECT_EQ(as_json({"token", "list"}).size(), 1U) << "ana's";
  EXPECT_EQ(as_json({"token", "revoke", "--all-of", "demo"}).at("revoked"), 0);
  EXPECT_EQ(admin({"token", "revoke", "--all-of", "nemo"}).exit_code, 1);
  EXPECT_EQ(admin({"token", "revoke"}).exit_code, 2) << "which one?";
  EXPECT_EQ(admin({"token", "revoke", "0123", "--all-of", "ana"}).exit_code, 2);
}

TEST_F(AdminProgramTest, MakesSignedLinksWorthlessWhileTheServerRuns) {
  ServedHub hub(data());
  ASSERT_TRUE(hub.start());
  HubClient demo(hub.base_url(), hub.token());
  demo.create_repo("m");
  const auto link = [&] {
    const json object = demo.batch("demo/m", "upload", sha256_hex("x"), 1);
    return object.at("actions").at("upload").at("href").get<std::string>();
  };
  const std::string first = link();
  EXPECT_EQ(as_json({"keys", "rotate"}), json({{"rotated", true}, {"linksRevoked", false}}));
  const std::string second = link();
  EXPECT_EQ(demo.send("PUT", first, "x").status, 200) << "good for its time";
  EXPECT_EQ(admin({"keys", "rotate", "--now"}).exit_code, 0);
  EXPECT_EQ(demo.send("PUT", first, "x").status, 403);
  EXPECT_EQ(demo.send("PUT", second, "x").status, 403);
  const std::string third =
      demo.batch("demo/m", "download", sha256_hex("x"), 1).at("actions").at("download").at("href");
  EXPECT_EQ(demo.get(third).body, "x");
}

TEST_F(AdminProgramTest, ATypingErrorInTheFoldersNameMakesNoHub) {
  const std::string wrong = (folder_ / "dta").string();
  const std::vector<std::vector<std::string>> commands = {
      {"user", "list"},       {"user", "disable", "ana"},  {"org", "list"},
      {"token", "list"},      {"token", "revoke", "0123"}, {"keys", "rotate", "--now"},
      {"user", "show", "ana"}};
  for (std::vector<std::string> command : commands) {
    command.insert(command.begin(), {"admin", "--data", wrong});
    const Finished done = torchhub_program(command);
    EXPECT_EQ(done.exit_code, 3) << command.back();
    EXPECT_EQ(done.errors, "torchhub: '" + wrong +
                               "' is no data folder of a hub: it has no file FORMAT. Name the "
                               "folder with --data.\n");
  }
  EXPECT_FALSE(std::filesystem::exists(wrong));
}

TEST_F(AdminProgramTest, TakesTheFolderBehindTheCommandAndFromTheEnvironment) {
  EXPECT_EQ(torchhub_program({"admin", "user", "list", "--data", data()}).output, "ana\nbob\n");
  const std::string variable = "TORCHHUB_DATA=" + data();
  EXPECT_EQ(run({TORCHHUB_EXECUTABLE, "admin", "user", "list"}, {variable}).output, "ana\nbob\n");
  const std::string other = (folder_ / "other").string();
  torchhub_program({"admin", "user", "create", "eve", "--data", other});
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"admin", "--data", other, "user", "list"},
        std::vector<std::string>{"admin", "user", "list", "--data", other}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.begin(), TORCHHUB_EXECUTABLE);
    EXPECT_EQ(run(std::move(arguments), {variable}).output, "eve\n") << "options win";
  }
}

TEST_F(AdminProgramTest, DisablesAUserWhileTheServerRuns) {
  ServedHub hub(data());
  ASSERT_TRUE(hub.start());
  const HubClient demo(hub.base_url(), hub.token());
  EXPECT_EQ(demo.get("/api/whoami-v2").status, 200);
  EXPECT_EQ(as_json({"user", "disable", "demo"}).at("disabled"), true);
  EXPECT_EQ(demo.get("/api/whoami-v2").status, 401);
  EXPECT_EQ(admin({"user", "enable", "demo"}).exit_code, 0);
  EXPECT_EQ(demo.get("/api/whoami-v2").status, 200);
}

TEST_F(AdminProgramTest, TellsWhenATokenWasLastUsed) {
  {
    ServedHub hub(data());
    ASSERT_TRUE(hub.start());
    EXPECT_EQ(as_json({"token", "list", "demo"}).at(0).at("lastUsedAt"), nullptr);
    EXPECT_EQ(HubClient(hub.base_url(), hub.token()).get("/api/whoami-v2").status, 200);
    hub.process().signal(15);
    EXPECT_EQ(hub.process().wait(), 0);
  }
  EXPECT_TRUE(as_json({"token", "list", "demo"}).at(0).at("lastUsedAt").is_string());
}

}  // namespace
}  // namespace torchhub::testing
