#include "server/hub_client.h"
#include "server/route_walk.h"
#include "server/store/database.h"
#include "server/visible.h"
#include "torchhub/base/base64.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

/// All of it in one table: who asks for what, and the answer through each door.
namespace torchhub::testing {
namespace {

using nlohmann::json;

enum class Wish { read, write };

/// An answer; an empty text is one that the matrix leaves open.
struct Wanted {
  int status = 200;
  std::string code = {};
  std::string message = {};
};

struct Row {
  std::string says;
  std::string who;
  std::string repo;
  Wish wish = Wish::read;
  Wanted api = {};
  Wanted git = {};
  Wanted lfs = {};
};

Row same(std::string says, std::string who, std::string repo, Wish wish, Wanted all) {
  return {std::move(says), std::move(who), std::move(repo), wish, all, all, all};
}

const Wanted kMissingAnonymous{401, "RepoNotFound", "Repository not found"};
const Wanted kMissing{404, "RepoNotFound", "Repository not found"};
const Wanted kBad{401, "", "Invalid credentials in Authorization header"};
const Wanted kSignIn{401, "", "Invalid username or password."};
const Wanted kPassword{401, "",
                       "Passwords are not accepted here. Give an access token (hf_...) as the "
                       "password, with any user name."};
const Wanted kReadToken{
    403, "", "Your token has the role 'read'; this needs a token with the role 'write'."};

Wanted no_right(const std::string& repo) {
  return {403, "", "You don't have the right to write to '" + repo + "'."};
}

Wanted no_permission(const std::string& repo) {
  return {403, "",
          "Your token has the role 'fineGrained' without 'repo.write' on '" + repo +
              "', which this needs."};
}

std::vector<Row> rows() {
  using enum Wish;
  const Wanted off{403, "", "Access to this resource is disabled."};
  return {
      same("public, anonymous", "nobody", "demo/open", read, {}),
      same("missing, anonymous", "nobody", "demo/missin", read, kMissingAnonymous),
      same("private, anonymous", "nobody", "demo/hidden", read, kMissingAnonymous),
      same("missing, signed in", "eve", "demo/missin", read, kMissing),
      same("private, signed in without R", "eve", "demo/hidden", read, kMissing),
      same("private, the owner", "demo", "demo/hidden", read, {}),
      same("private of an organisation, a member", "reader", "team/hidden", read, {}),
      same("private of an organisation, no member", "eve", "team/hidden", read, kMissing),
      same("token unknown", "unknown", "demo/open", read, kBad),
      same("token expired", "expired", "demo/open", read, kBad),
      same("token malformed", "malformed", "demo/open", read, kBad),
      same("token revoked", "revoked", "demo/open", read, kBad),
      same("token of a disabled user", "disabled", "demo/open", read, kBad),
      same("a password", "password", "demo/open", read, kPassword),
      same("public, anonymous, write wanted", "nobody", "demo/open", write, kSignIn),
      same("missing, anonymous, write wanted", "nobody", "demo/missin", write, kMissingAnonymous),
      same("private, anonymous, write wanted", "nobody", "demo/hidden", write, kMissingAnonymous),
      same("missing, signed in, write wanted", "eve", "demo/missin", write, kMissing),
      same("private without R, write wanted", "eve", "demo/hidden", write, kMissing),
      same("R but not W", "eve", "demo/open", write, no_right("demo/open")),
      same("R but not W, a member", "reader", "team/hidden", write, no_right("team/hidden")),
      same("R but not W, and a read-only token", "eve_reads", "demo/open", write,
           no_right("demo/open")),
      same("read-only token", "demo_reads", "demo/hidden", write, kReadToken),
      same("a scope for another repository", "fine_open", "demo/hidden", read, kMissing),
      same("a scope for another repository, write", "fine_open", "demo/hidden", write, kMissing),
      same("a scope to read", "fine_hidden", "demo/hidden", read, {}),
      same("a scope to read, write wanted", "fine_hidden", "demo/hidden", write,
           no_permission("demo/hidden")),
      same("public, without a scope", "fine_hidden", "demo/open", read, {}),
      same("public, without a scope, write wanted", "fine_hidden", "demo/open", write,
           no_permission("demo/open")),
      same("a scope for more than the user has", "fine_of_eve", "demo/hidden", read, kMissing),
      same("a scope for more than the user has, write", "fine_of_eve", "demo/open", write,
           no_right("demo/open")),
      same("the site's admin", "root", "demo/hidden", read, {}),
      same("the site's admin, missing", "root", "demo/missin", read, kMissing),
      same("the site's admin with a read-only token", "root_reads", "demo/hidden", write,
           kReadToken),
      same("disabled", "demo", "demo/off", read, off),
      same("disabled, anonymous", "nobody", "demo/off", read, off),
      same("disabled, write wanted", "demo", "demo/off", write, off),
  };
}

/// The hub of the table: its repositories, and the Authorization header of each who.
class Matrix : public ::testing::Test {
 protected:
  Matrix() {
    Admin& admin = hub_.admin();
    who_["demo"] = bearer(hub_.token());
    who_["eve"] = bearer(hub_.create_user("eve"));
    who_["reader"] = bearer(hub_.create_user("reader"));
    admin.create_site_admin("root");
    admin.create_organization("team", "demo");
    admin.set_member("team", "reader", OrganizationRole::read);
    for (const char* repo : {"open", "hidden", "off"}) {
      demo_.create_repo(repo, {{"private", std::string(repo) == "hidden"}});
    }
    demo_.create_repo("hidden", {{"organization", "team"}, {"private", true}});
    make_tokens(admin);
    make_bad_tokens(admin);
  }

  void make_tokens(Admin& admin) {
    const auto token = [&](const char* user, TokenRole role) {
      return bearer(admin.create_token(user, role));
    };
    const auto fine = [&](const char* user, const char* scope) {
      return bearer(admin
                        .create_token({.user = user,
                                       .role = TokenRole::fine_grained,
                                       .scopes = {TokenScope::parse(scope)}})
                        .value);
    };
    who_["nobody"] = "";
    who_["eve_reads"] = token("eve", TokenRole::read);
    who_["demo_reads"] = token("demo", TokenRole::read);
    who_["root"] = token("root", TokenRole::write);
    who_["root_reads"] = token("root", TokenRole::read);
    who_["fine_open"] = fine("demo", "demo/open=repo.read,repo.write");
    who_["fine_hidden"] = fine("demo", "demo/hidden=repo.read");
    who_["fine_of_eve"] = fine("eve", "demo=repo.read,repo.write");
  }

  void make_bad_tokens(Admin& admin) {
    who_["unknown"] = bearer("hf_0000000000000000000000000000000000");
    who_["malformed"] = "Bearer";
    who_["password"] = "Basic " + base64_encode("demo:correct horse");
    const std::string revoked = admin.create_token("demo", TokenRole::write);
    admin.revoke_token(revoked);
    who_["revoked"] = bearer(revoked);
    admin.create_user("gone");
    who_["disabled"] = bearer(admin.create_token("gone", TokenRole::write));
    admin.change_user("gone", {.disabled = true});
    const CreatedToken expired =
        admin.create_token({.user = "demo", .lifetime = std::chrono::hours(1)});
    who_["expired"] = bearer(expired.value);
    server::Connection database(hub_.data_dir() / "hub.db", Durability::relaxed);
    database.run("UPDATE token SET expires = 1 WHERE id = ?", expired.info.id);
    database.script("UPDATE repo SET disabled = 1 WHERE name = 'off'");
  }

  static std::string bearer(const std::string& token) { return "Bearer " + token; }

  Response send(const std::string& who, const std::string& method, const std::string& target,
                std::string body = {}) const {
    Headers headers;
    if (!who_.at(who).empty()) headers.set("Authorization", who_.at(who));
    return nobody_.send(method, target, std::move(body), std::move(headers));
  }

  std::vector<Response> by_api(const Row& row) const {
    if (row.wish == Wish::write) {
      const std::string lines =
          to_ndjson(CommitHeaderLine{"a change"}) + to_ndjson(CommitFileLine{"a.txt", "1"});
      return {send(row.who, "POST", "/api/models/" + row.repo + "/commit/main", lines),
              send(row.who, "GET", "/api/models/" + row.repo + "/auth-check/write"),
              send(row.who, "PUT", "/api/models/" + row.repo + "/settings", "{}")};
    }
    return {send(row.who, "GET", "/api/models/" + row.repo),
            send(row.who, "GET", "/api/models/" + row.repo + "/tree/main"),
            send(row.who, "GET", "/" + row.repo + "/resolve/main/.gitattributes")};
  }

  Response by_git(const Row& row) const {
    const std::string start = "/" + row.repo + ".git/";
    if (row.wish == Wish::write) return send(row.who, "POST", start + "git-receive-pack");
    return send(row.who, "GET", start + "info/refs?service=git-upload-pack");
  }

  Response by_lfs(const Row& row) const {
    // For a pull request, which names no branch, anybody may upload.
    const json body{{"operation", row.wish == Wish::write ? "upload" : "download"},
                    {"ref", {{"name", "refs/heads/main"}}},
                    {"objects", json::array()}};
    return send(row.who, "POST", "/" + row.repo + ".git/info/lfs/objects/batch", body.dump());
  }

  LocalHub hub_;
  HubClient demo_{hub_};
  HubClient nobody_{hub_.base_url(), ""};
  std::map<std::string, std::string> who_;
};

/// git shows a body as it stands, so its routes answer in plain text.
std::string error_in(const Response& response) {
  const std::string type = response.headers.get("Content-Type").value_or("");
  if (!type.starts_with("text/plain")) return json::parse(response.body).at("error");
  return response.body.substr(0, response.body.find_last_not_of('\n') + 1);
}

void expect_answer(const Response& response, const Wanted& wanted) {
  EXPECT_EQ(response.status, wanted.status) << response.body;
  EXPECT_EQ(response.headers.get("X-Error-Code").value_or(""), wanted.code);
  if (wanted.status < 400) return;
  EXPECT_EQ(response.headers.get("X-Error-Message").value_or(""), wanted.message);
  EXPECT_EQ(error_in(response), wanted.message);
}

/// Which header asks for a password is how git and git-lfs know what to do.
void expect_challenge(const Response& response, const char* header) {
  for (const char* name : {"WWW-Authenticate", "LFS-Authenticate"}) {
    const bool wanted = response.status == 401 && std::string(name) == header;
    EXPECT_EQ(response.headers.get(name).value_or("").starts_with("Basic "), wanted) << name;
  }
}

TEST_F(Matrix, AnswersEachCaseAtEachDoor) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.says);
    for (const Response& response : by_api(row)) {
      SCOPED_TRACE("API and files");
      expect_answer(response, row.api);
      expect_challenge(response, "");
    }
    {
      SCOPED_TRACE("git");
      const Response response = by_git(row);
      expect_answer(response, row.git);
      expect_challenge(response, "WWW-Authenticate");
    }
    {
      SCOPED_TRACE("LFS");
      const Response response = by_lfs(row);
      expect_answer(response, row.lfs);
      expect_challenge(response, "LFS-Authenticate");
    }
  }
}

TEST_F(Matrix, NeedsAnAccountForWhatIsOnesOwn) {
  for (const auto& [method, target] :
       std::map<std::string, std::string>{{"GET", "/api/whoami-v2"},
                                          {"POST", "/api/repos/create"},
                                          {"DELETE", "/api/repos/delete"}}) {
    SCOPED_TRACE(target);
    expect_answer(send("nobody", method, target, "{}"), kSignIn);
  }
}

TEST_F(Matrix, ToldAFileOrARevisionIsMissingFromWhatOneMayRead) {
  const Response file = send("nobody", "GET", "/demo/open/resolve/main/none");
  expect_answer(file, {404, "EntryNotFound", "Entry not found: none"});
  EXPECT_EQ(file.headers.get("X-Repo-Commit").value_or("").size(), 40U);
  expect_answer(send("nobody", "GET", "/demo/open/resolve/none/a"),
                {404, "RevisionNotFound", "Invalid rev id: none"});
}

TEST_F(Matrix, PrivateIsMissingToTheByteOnEveryRoute) {
  const auto hidden = every_route("demo/hidden");
  const auto missing = every_route("demo/missin");
  const auto odd_hidden = every_route("Demo/Hidden");
  std::size_t walked = 0;
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    if (hidden[i].path == missing[i].path) continue;
    ++walked;
    for (const char* who : {"nobody", "eve", "eve_reads", "fine_open", "fine_of_eve"}) {
      for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
        SCOPED_TRACE(std::string(who) + " " + method + " " + hidden[i].path);
        const std::string word = method;
        const std::string body = word == "GET" || word == "HEAD" ? "" : "{}";
        const std::string wanted = visible(send(who, method, missing[i].path, body));
        EXPECT_EQ(visible(send(who, method, hidden[i].path, body)), wanted);
        EXPECT_EQ(visible(send(who, method, odd_hidden[i].path, body)), wanted);
      }
    }
  }
  EXPECT_GT(walked, 20U) << "the router's patterns changed their form";
}

TEST_F(Matrix, RefusesAWrongTokenOnEveryRoute) {
  for (const RouteExample& route : every_route("demo/open")) {
    if (is_open_route(route)) continue;
    SCOPED_TRACE(route.method + " " + route.path);
    expect_answer(send("unknown", route.method, route.path, "{}"), kBad);
  }
}

TEST(AnonymousRead, OffMeansSigningInForEverythingButHealth) {
  LocalHub hub(relaxed({.anonymous_read = false}));
  HubClient demo(hub);
  demo.create_repo("open");
  const HubClient nobody(hub.base_url(), "");
  for (const RouteExample& route : every_route("demo/open")) {
    if (is_open_route(route)) continue;
    SCOPED_TRACE(route.method + " " + route.path);
    expect_answer(nobody.send(route.method, route.path, "{}"), kSignIn);
  }
  EXPECT_EQ(nobody.get("/healthz").status, 200);
  EXPECT_EQ(demo.get("/api/models/demo/open").status, 200);
  expect_challenge(nobody.get("/demo/open.git/info/refs?service=git-upload-pack"),
                   "WWW-Authenticate");
}

}  // namespace
}  // namespace torchhub::testing
