#include "server/data_layout.h"
#include "server/hub_client.h"
#include "server/raw_connection.h"
#include "server/sound_data.h"
#include "torchhub/http/url.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

/// Names that lead elsewhere on some system, at every door that takes a name.
namespace torchhub::testing {
namespace {

using nlohmann::json;

std::string parts(std::size_t count) {
  std::string out = "a";
  for (std::size_t i = 1; i < count; ++i) out += "/a";
  return out;
}

/// What no file may be called.
std::vector<std::string> bad_paths() {
  return {"..",
          "../a",
          "a/..",
          "a/../b",
          "../../../../etc/passwd",
          ".",
          "./a",
          "a/./b",
          "/a",
          "//a",
          "a//b",
          ".git",
          ".git/config",
          "x/.GIT/y",
          ".gIt/hooks/pre-receive",
          ".git::$INDEX_ALLOCATION",
          ".git::$INDEX_ALLOCATION/config",
          ".git:x",
          "git~1",
          "x/GIT~1/y",
          ".git./config",
          ".git /config",
          ".git . . /config",
          ".g\u200cit/config",
          "a\\b",
          "..\\a",
          ".git\\config",
          std::string("a\0b", 3),
          std::string("\0", 1),
          "a\nb",
          "a\rb",
          "a\tb",
          "a\x1b[31mb",
          "a\x7f"
          "b",
          std::string(10'000, 'a'),
          std::string(256, 'a'),
          "a/" + std::string(256, 'b') + "/c",
          parts(65),
          parts(600)};
}

/// What looks like them, and is nothing but odd.
std::vector<std::string> good_paths() {
  return {"%2e%2e/a", "..a",      "a..b",  "...",     "git~2",         "a.",
          "a ",       " a",       ".gitx", "x.git",   ".gitignore",    "a:b",
          "~",        "a\u200cb", "-rf",   "nul.txt", "a b\"c'd$(e)f", std::string(255, 'a'),
          parts(64)};
}

/// Where an address goes on with what the client chose.
struct Door {
  std::string start;
  enum class Takes { path, revision, name, id, nothing } takes;
};

std::vector<Door> doors() {
  using Takes = Door::Takes;
  return {{"/demo/m/resolve/main/", Takes::path},
          {"/demo/m/raw/main/", Takes::path},
          {"/demo/m/resolve/", Takes::path},
          {"/api/models/demo/m/tree/main/", Takes::path},
          {"/api/models/demo/m/compare/", Takes::path},
          {"/api/models/demo/m/revision/", Takes::revision},
          {"/api/models/demo/m/commits/", Takes::revision},
          {"/api/models/demo/", Takes::name},
          {"/api/models/", Takes::id},
          {"/demo/", Takes::nothing},
          {"/api/", Takes::nothing},
          {"/", Takes::nothing},
          {"/demo/m.git/", Takes::nothing},
          {"/datasets/demo/", Takes::nothing},
          {"/_lfs/", Takes::nothing}};
}

struct Refusal {
  std::string status;
  std::string words;  ///< Of the message; empty: no matter which.
};

/// How a trick is refused: 400 where the door reads it and it cannot be what is read there, 404
/// where nothing is.
Refusal refusal_of(const Door& door, const std::string& trick) {
  // An address of over 8 KiB is not even looked at.
  if (trick.size() > 8000) return {"414 URI Too Long", ""};
  const auto has = [&](const char* words) { return trick.find(words) != std::string::npos; };
  const auto segments = std::count(trick.begin(), trick.end(), '/') + 1;
  const bool has_empty_one = trick.starts_with('/') || trick.ends_with('/') || has("//");
  const bool is_no_text = has("%00") || has("%ff") || has("%zz") || has("%c0%ae");
  const bool is_read = [&] {
    switch (door.takes) {
      case Door::Takes::path:
        return true;
      case Door::Takes::revision:
        return segments == 1;
      case Door::Takes::name:
        return segments == 1 && !has("%2f");
      case Door::Takes::id:
        return segments <= 2 && !has_empty_one && !has("%2f");
      case Door::Takes::nothing:
        return false;
    }
    return false;
  }();
  const Refusal nothing{"404 Not Found", ""};
  if (!is_read) return nothing;
  if (is_no_text)
    return {"400 Bad Request", "The address h"};  // has no two hex digits, holds a NUL
  const bool is_id = door.takes == Door::Takes::name || door.takes == Door::Takes::id;
  return is_id ? Refusal{"400 Bad Request", "Repo id must be"} : nothing;
}

class PathTricksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    head_ = client_.commit_file("demo/m", "a.txt", "1");
  }
  /// Nothing of it stays anywhere.
  void TearDown() override {
    EXPECT_EQ(repositories(hub_.data_dir()).size(), 1U);
    EXPECT_FALSE(std::filesystem::exists(hub_.data_dir().parent_path() / "a"));
    expect_clean(hub_.data_dir());
  }

  std::string head() const { return client_.get_json("/api/models/demo/m").at("sha"); }
  Response commit(const std::string& key, const json& value) const {
    return client_.commit("demo/m", json{{"key", key}, {"value", value}}.dump() + "\n");
  }
  /// Sent as it stands: curl would tidy it.
  RawConnection::Answer get(const std::string& target) const {
    RawConnection connection(hub_.base_url());
    connection.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                    hub_.token() + "\r\nConnection: close\r\n\r\n");
    return connection.read_answer();
  }
  json refs() const { return client_.get_json("/api/models/demo/m/refs"); }

  LocalHub hub_;
  HubClient client_{hub_};
  std::string head_;
};

TEST_F(PathTricksTest, NoOperationOfACommitTakesThem) {
  const std::string oid = client_.upload("demo/m", "large");
  for (const std::string& path : bad_paths()) {
    SCOPED_TRACE(json(path).dump().substr(0, 60));
    EXPECT_EQ(commit("file", {{"path", path}, {"content", "x"}}).status, 422);
    EXPECT_EQ(commit("lfsFile", {{"path", path}, {"algo", "sha256"}, {"oid", oid}}).status, 422);
    EXPECT_EQ(commit("deletedFile", {{"path", path}}).status, 422);
    EXPECT_EQ(commit("deletedFolder", {{"path", path}}).status, 422);
    EXPECT_EQ(commit("copyFile", {{"path", path}, {"srcPath", "a.txt"}}).status, 422);
    EXPECT_EQ(commit("copyFile", {{"path", "b.txt"}, {"srcPath", path}}).status, 404);
    EXPECT_EQ(
        commit("copyFile", {{"path", "b.txt"}, {"srcPath", "a.txt"}, {"srcRevision", path}}).status,
        404);
  }
  EXPECT_EQ(commit("file", {{"path", "a/"}, {"content", "x"}}).status, 422);
  EXPECT_EQ(commit("file", {{"path", ""}, {"content", "x"}}).status, 422);
  for (const char* no_text : {"\xff", "\xc0\xae\xc0\xae/a", "\xed\xa0\x80"}) {
    EXPECT_EQ(client_
                  .commit("demo/m", R"({"key":"file","value":{"content":"x","path":")" +
                                        std::string(no_text) + "\"}}\n")
                  .status,
              400);
  }
  EXPECT_EQ(head(), head_);
}

TEST_F(PathTricksTest, WhatIsOnlyOddIsAFileLikeAnyOther) {
  for (const std::string& path : good_paths()) {
    SCOPED_TRACE(path.substr(0, 60));
    EXPECT_EQ(commit("file", {{"path", path}, {"content", path}}).status, 200);
    const RawConnection::Answer answer = get("/demo/m/resolve/main/" + encode_path(path));
    EXPECT_EQ(answer.status, "200 OK");
    EXPECT_EQ(answer.body, path);
    EXPECT_EQ(commit("deletedFile", {{"path", path}}).status, 200);
  }
}

TEST_F(PathTricksTest, NoAddressLeadsOutOfTheRepository) {
  std::vector<std::string> tricks = {"%2e%2e",
                                     "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
                                     "..%2f..%2f..%2fetc%2fpasswd",
                                     "..%5c..%5cetc%5cpasswd",
                                     "%252e%252e/a",
                                     "..;/a.txt",
                                     "%c0%ae%c0%ae/a.txt",
                                     "a.txt%00.png",
                                     "%00",
                                     "%ff",
                                     "%zz",
                                     "a.txt/",
                                     "a.txt/..",
                                     "x/../a.txt",
                                     "./a.txt",
                                     "//a.txt",
                                     "../../../../hub.db",
                                     "../../hub.db"};
  for (const std::string& path : bad_paths()) tricks.push_back(encode_path(path));
  for (const std::string& trick : tricks) {
    for (const Door& door : doors()) {
      SCOPED_TRACE(door.start + trick.substr(0, 60));
      const Refusal wanted = refusal_of(door, trick);
      const RawConnection::Answer answer = get(door.start + trick);
      EXPECT_EQ(answer.status, wanted.status);
      EXPECT_NE(answer.body.find(wanted.words), std::string::npos) << answer.body;
    }
  }
}

TEST_F(PathTricksTest, NoListOfPathsTakesThem) {
  const Response infos =
      client_.post("/api/models/demo/m/paths-info/main", {{"paths", bad_paths()}});
  EXPECT_EQ(infos.status, 200);
  EXPECT_EQ(json::parse(infos.body), json::array());
  for (const std::string& path : bad_paths()) {
    SCOPED_TRACE(json(path).dump().substr(0, 60));
    EXPECT_EQ(client_
                  .post("/api/models/demo/m/preupload/main",
                        {{"files", {{{"path", path}, {"size", 1}, {"sample", "YQ=="}}}}})
                  .status,
              422);
    EXPECT_EQ(client_.post("/demo/m.git/info/lfs/locks", {{"path", path}}).status, 422);
  }
}

TEST_F(PathTricksTest, NoRepositoryIsCalledSo) {
  std::vector<std::string> names = bad_paths();
  for (const char* name : {"", "-a", "a-", ".a", "a..b", "a--b", "a b", "x.git", "%2e%2e", "a%2fb",
                           "\u00e4", "a:b", "a?b", "a#b", "refs/a/b"}) {
    names.emplace_back(name);
  }
  names.emplace_back(97, 'a');
  for (const std::string& name : names) {
    SCOPED_TRACE(json(name).dump().substr(0, 60));
    // What stands before one slash is an owner; "/a" has none and is the caller's own "a".
    const bool names_an_owner =
        !name.starts_with('/') && std::count(name.begin(), name.end(), '/') == 1;
    const int wanted = names_an_owner ? 403 : 400;
    if (name != "/a") {
      EXPECT_EQ(client_.post("/api/repos/create", {{"name", name}}).status, wanted);
    }
    EXPECT_EQ(client_.post("/api/repos/create", {{"name", "demo/" + name}}).status, 400);
    EXPECT_EQ(client_.post("/api/repos/move", {{"fromRepo", "demo/m"}, {"toRepo", "demo/" + name}})
                  .status,
              400);
    EXPECT_THROW(hub_.admin().create_organization(name, "demo"), Error);
  }
}

TEST_F(PathTricksTest, NoBranchOrTagIsCalledSo) {
  const json before = refs();
  std::vector<std::string> names = {"HEAD",  "a..b", "a.lock",       "a/b.lock/c", ".a",   "a/.b",
                                    "a b",   "a~1",  "a^",           "a:b",        "a?",   "a*",
                                    "a[b",   "a@{1", "a.lock/b",     "a/",         "a.",   "/a",
                                    "a//b",  "..",   "../a",         "a/../b",     "a\\b", "a\nb",
                                    "a\x7f", "\xff", "refs/heads/x", "refs/pr/1"};
  names.push_back(std::string("a\0b", 3));
  names.emplace_back(40, 'a');
  names.emplace_back(256, 'a');
  names.push_back(parts(600));
  for (const std::string& name : names) {
    SCOPED_TRACE(percent_encode(name).substr(0, 60));
    const RawConnection::Answer answer = [&] {
      RawConnection connection(hub_.base_url());
      connection.send("POST /api/models/demo/m/branch/" + percent_encode(name) +
                      " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + hub_.token() +
                      "\r\nContent-Length: 2\r\n\r\n{}");
      return connection.read_answer();
    }();
    EXPECT_EQ(answer.status, "400 Bad Request") << answer.body;
    if (name == "\xff") continue;  // no JSON
    EXPECT_EQ(client_.post("/api/models/demo/m/tag/main", {{"tag", name}}).status, 400);
  }
  const std::string huge(10'000, 'a');
  EXPECT_EQ(client_.post("/api/models/demo/m/branch/" + huge, json::object()).status, 414);
  EXPECT_EQ(client_.post("/api/models/demo/m/tag/main", {{"tag", huge}}).status, 400);
  EXPECT_EQ(refs(), before);
}

}  // namespace
}  // namespace torchhub::testing
