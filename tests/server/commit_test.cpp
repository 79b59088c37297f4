#include "server/hub_client.h"
#include "server/put_line.h"
#include "server/raw_connection.h"
#include "server/refused_change.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"
#include "torchhub/wire/lfs_pointer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class CommitTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  std::string head() const { return client_.commit_at("demo/m"); }
  std::vector<std::string> files() const {
    std::vector<std::string> out;
    const json info = client_.get_json("/api/models/demo/m");
    for (const json& file : info.at("siblings")) out.push_back(file.at("rfilename"));
    return out;
  }
  std::string content(const std::string& path) const {
    return client_.get("/demo/m/resolve/main/" + path).body;
  }

  LocalHub hub_;
  HubClient client_{hub_};
};

std::string delete_file(const std::string& path) { return to_ndjson(CommitDeletedFileLine{path}); }

TEST_F(CommitTest, AnswersWithTheNewCommitAndItsPage) {
  const Response response = client_.commit("demo/m", put("a.txt", "hello"));
  ASSERT_EQ(response.status, 200) << response.body;
  const json answer = json::parse(response.body);
  EXPECT_EQ(answer.at("commitOid"), head());
  EXPECT_EQ(answer.at("commitUrl"), hub_.base_url() + "/demo/m/commit/" + head());
  EXPECT_EQ(answer.at("success"), true);
  EXPECT_EQ(content("a.txt"), "hello");
}

TEST_F(CommitTest, StoresEveryByteOfABinaryFile) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  client_.commit_file("demo/m", "bytes", bytes);
  EXPECT_EQ(content("bytes"), bytes);
}

TEST_F(CommitTest, ChangesNothingWhenNothingChanges) {
  const std::string first = client_.commit_file("demo/m", "a.txt", "same");
  EXPECT_EQ(client_.commit_file("demo/m", "a.txt", "same"), first);
}

TEST_F(CommitTest, AppliesLinesInOrder) {
  client_.commit_file("demo/m", "dir/old.txt", "old");
  const Response response = client_.commit(
      "demo/m", to_ndjson(CommitDeletedFolderLine{"dir/"}) + put("dir/new.txt", "new") +
                    put("twice.txt", "first") + put("twice.txt", "second"));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(files(), (std::vector<std::string>{".gitattributes", "dir/new.txt", "twice.txt"}));
  EXPECT_EQ(content("twice.txt"), "second");
}

TEST_F(CommitTest, CopiesWithinAndAcrossRevisions) {
  const std::string first = client_.commit_file("demo/m", "a.txt", "one");
  client_.commit_file("demo/m", "a.txt", "two");
  const Response response =
      client_.commit("demo/m", to_ndjson(CommitCopyFileLine{"now.txt", "a.txt"}) +
                                   to_ndjson(CommitCopyFileLine{"then.txt", "a.txt", first}));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(content("now.txt"), "two");
  EXPECT_EQ(content("then.txt"), "one");
}

TEST_F(CommitTest, RefusesADeletionOfNothing) {
  const std::string before = head();
  const Response response = client_.commit("demo/m", put("a", "1") + delete_file("missing.txt"));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("X-Error-Code"), "EntryNotFound");
  EXPECT_EQ(response.headers.get("X-Error-Message"),
            "A file with this name doesn't exist: missing.txt");
  EXPECT_EQ(head(), before);
}

TEST_F(CommitTest, RefusesAFileWhereAFolderIsUnlessItGoesFirst) {
  client_.commit_file("demo/m", "thing/inside.txt", "1");
  EXPECT_EQ(client_.commit("demo/m", put("thing", "2")).status, 400);
  EXPECT_EQ(client_.commit("demo/m", put("thing/inside.txt/deeper", "2")).status, 400);
  EXPECT_EQ(client_.commit("demo/m", delete_file("thing") + put("thing", "2")).status, 200);
  EXPECT_EQ(content("thing"), "2");
}

TEST_F(CommitTest, RefusesAStaleParentWithTheWordsThatClientsKnow) {
  const std::string stale = head();
  client_.commit_file("demo/m", "a.txt", "1");
  const Response response = client_.commit("demo/m", put("b.txt", "2"), "main", stale);
  EXPECT_EQ(response.status, 412);
  EXPECT_EQ(response.headers.get("X-Error-Message"),
            "The branch was updated since you opened this page. Please refresh and try again.");
  EXPECT_EQ(client_.commit("demo/m", put("b.txt", "2"), "main", head()).status, 200);
}

TEST_F(CommitTest, LetsBothOfTwoWritersSucceed) {
  constexpr int kWriters = 8;
  std::vector<int> statuses(kWriters);
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      const HubClient own(hub_);
      statuses[static_cast<std::size_t>(i)] =
          own.commit("demo/m", put("file" + std::to_string(i), "x")).status;
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(statuses, std::vector<int>(kWriters, 200));
  EXPECT_EQ(files().size(), kWriters + 1U);
  EXPECT_EQ(client_.get("/api/models/demo/m/commits/main?limit=1").headers.get("X-Total-Count"),
            std::to_string(kWriters + 1));
}

TEST_F(CommitTest, RefusesUnknownBranchesTagsAndCommits) {
  ASSERT_EQ(client_.post("/api/models/demo/m/tag/main", {{"tag", "v1"}}).status, 200);
  for (const std::string& revision : {std::string("nowhere"), std::string("v1"), head()}) {
    const Response response = client_.commit("demo/m", put("a", "1"), revision);
    EXPECT_EQ(response.status, 404) << revision;
    EXPECT_EQ(response.headers.get("X-Error-Code"), "RevisionNotFound");
    EXPECT_EQ(response.headers.get("X-Error-Message"), "Invalid rev id: " + revision);
  }
}

TEST_F(CommitTest, CommitsToABranchWithASlash) {
  ASSERT_EQ(client_.send("POST", "/api/models/demo/m/branch/exp%2Fone", "{}").status, 200);
  client_.commit_file("demo/m", "a.txt", "branch", "exp%2Fone");
  EXPECT_EQ(client_.get("/demo/m/resolve/exp%2Fone/a.txt").body, "branch");
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.txt").status, 404);
}

TEST_F(CommitTest, RefusesPathsThatLeadElsewhere) {
  const std::string before = head();
  for (const char* path : {"../a", "a/../b", "/a", "a//b", ".git/config", "x/.GIT/y", "a\\b",
                           "a\nb", ".", "git~1/x"}) {
    const Response response = client_.commit("demo/m", put(path, "x"));
    EXPECT_EQ(response.status, 422) << path;
  }
  EXPECT_EQ(head(), before);
}

TEST_F(CommitTest, RefusesDeletionsOfNoPath) {
  const std::string before = head();
  const auto raw = [&](const std::string& key, const std::string& path) {
    return json{{"key", key}, {"value", {{"path", path}}}}.dump() + "\n";
  };
  for (const char* key : {"deletedFile", "deletedFolder"}) {
    for (const char* path : {"", "/", "//", "..", "a//b", ".git/config"}) {
      const Response response = client_.commit("demo/m", raw(key, path));
      EXPECT_EQ(response.status, 422) << key << " " << path << response.body;
    }
  }
  EXPECT_EQ(head(), before);
}

TEST_F(CommitTest, TakesFoldersAlongThatADeletionLeavesEmpty) {
  client_.commit_file("demo/m", "dir/sub/only.txt", "1");
  const Response turned =
      client_.commit("demo/m", delete_file("dir/sub/only.txt") + put("dir", "now a file"));
  EXPECT_EQ(turned.status, 200) << turned.body;
  EXPECT_EQ(content("dir"), "now a file");

  client_.commit_file("demo/m", "x/y/1.txt", "1");
  client_.commit_file("demo/m", "x/2.txt", "2");
  const Response twice = client_.commit("demo/m", delete_file("x/y/1.txt") + delete_file("x/y"));
  EXPECT_EQ(twice.status, 404) << "the folder went with its last file";
  EXPECT_EQ(client_.commit("demo/m", delete_file("x/y/1.txt")).status, 200);
  EXPECT_EQ(files(), (std::vector<std::string>{".gitattributes", "dir", "x/2.txt"}));
}

TEST_F(CommitTest, CutsALongSummaryBetweenCharacters) {
  const std::string long_summary = std::string(999, 'a') + "\u00e4\u00f6\u00fc";
  const Response response = client_.send("POST", "/api/models/demo/m/commit/main",
                                         to_ndjson(CommitHeaderLine{long_summary}) + put("a", "1"));
  ASSERT_EQ(response.status, 200) << response.body;
  const json commits = client_.get_json("/api/models/demo/m/commits/main");
  EXPECT_EQ(commits.at(0).at("title"), std::string(999, 'a') + "\u00e4");
}

TEST_F(CommitTest, AnswersSuccessOnceTheBranchHasMoved) {
  const std::string before = head();
  std::string commit;
  {
    const RefusedChange refused(hub_, "no_time", "UPDATE OF modified ON repo");
    commit = client_.commit_file("demo/m", "a.txt", "moved");
  }
  EXPECT_NE(commit, before);
  EXPECT_EQ(head(), commit);
}

TEST_F(CommitTest, SaysThatTheRepositoryWentWhileTheBodyCame) {
  const std::string body = to_ndjson(CommitHeaderLine{"t"}) + put("a", "1");
  RawConnection slow(hub_.base_url());
  slow.send("POST /api/models/demo/m/commit/main HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer " +
            hub_.token() + "\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(slow.read_answer().status, "100 Continue");
  ASSERT_EQ(client_.send("DELETE", "/api/repos/delete", R"({"name": "m"})").status, 200);
  slow.send(body);
  const RawConnection::Answer answer = slow.read_answer();
  EXPECT_EQ(answer.status, "404 Not Found");
  EXPECT_NE(answer.head.find("RepoNotFound"), std::string::npos) << answer.head;
}

TEST_F(CommitTest, RefusesBrokenBodies) {
  const std::string header = to_ndjson(CommitHeaderLine{"t"});
  const std::string header_first = "The first line of a commit, and only it, must be the 'header'.";
  const std::pair<std::string, std::string> bodies[] = {
      {put("a", "1"), header_first},
      {header + header, header_first},
      {"", "The commit has no 'header' line."},
      {R"({"key":"header","value":{}})", "Commit line: 'header' needs a text field 'summary'."},
      {R"({"key":"header","value":{"summary":""}})", "The header needs a 'summary'."},
      {header + R"({"key":"wish","value":{}})", "Commit line: unknown key 'wish'."},
      {header + R"({"value":{}})", "Commit line: 'line' needs a text field 'key'."},
      {header + R"({"key":"file"})", "Commit line: 'file' needs an object 'value'."},
      {header + R"({"key":"file","value":{"path":"a"}})",
       "Commit line: 'file' needs a text field 'content'."},
      {header + R"({"key":"file","value":{"path":"a","cont)", "Commit line: not a JSON object."},
      {header + R"({"key":"file","value":{"path":"d/a","content":"*","encoding":"base64"}})",
       "Commit line: the content of 'd/a' is not valid base64."},
      {header + R"({"key":"file","value":{"path":"d/a","content":"x","encoding":"rot13"}})",
       "Commit line: unknown encoding 'rot13' of 'd/a'; use base64 or utf-8."},
      {header + R"({"key":"lfsFile","value":{"path":"w.bin","algo":"sha256","oid":"ABC"}})",
       "'w.bin': the oid must be 64 lower-case hex digits."},
  };
  const std::string before = head();
  for (const auto& [body, message] : bodies) {
    const Response response = client_.send("POST", "/api/models/demo/m/commit/main", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(response.headers.get("X-Error-Message"), message);
  }
  EXPECT_EQ(head(), before);
}

TEST_F(CommitTest, TakesAnLfsFileOnlyOnceItsObjectIsThere) {
  const std::string bytes(1000, 'x');
  const std::string line =
      to_ndjson(CommitLfsFileLine{"model.bin", sha256_hex(bytes), bytes.size()});
  const Response early = client_.commit("demo/m", line);
  EXPECT_EQ(early.status, 400);
  EXPECT_NE(early.headers.get("X-Error-Message")
                ->find("an LFS pointer pointed to a file that does not exist: model.bin"),
            std::string::npos);
  client_.upload("demo/m", bytes);
  EXPECT_EQ(client_.commit("demo/m", line).status, 200);
  EXPECT_EQ(content("model.bin"), bytes);
}

TEST_F(CommitTest, RefusesAPointerToAnObjectOfAnotherRepository) {
  client_.create_repo("secret", {{"private", true}});
  const std::string bytes = "what nobody else may read";
  const std::string oid = client_.upload("demo/secret", bytes);
  HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  eve.create_repo("theft");
  const LfsPointer pointer{oid, bytes.size()};
  EXPECT_EQ(eve.commit("eve/theft", to_ndjson(CommitLfsFileLine{"x", oid, bytes.size()})).status,
            400);
  EXPECT_EQ(eve.commit("eve/theft", put("x", pointer.text())).status, 400);
}

TEST_F(CommitTest, KeepsEveryLineOfAPointer) {
  const std::string oid = client_.upload("demo/m", std::string(100, 'x'));
  const std::string text =
      "version https://git-lfs.github.com/spec/v1\next-0-foo sha256:" + std::string(64, 'a') +
      "\noid sha256:" + oid + "\nsize 100\n";
  ASSERT_EQ(client_.commit("demo/m", put("x.bin", text)).status, 200);
  EXPECT_EQ(client_.get("/demo/m/raw/main/x.bin").body, text);
  EXPECT_EQ(content("x.bin"), std::string(100, 'x'));
}

TEST_F(CommitTest, AddsARuleForAnLfsFileThatNoneCovers) {
  const std::string bytes(2000, 'y');
  const std::string oid = client_.upload("demo/m", bytes);
  ASSERT_EQ(client_
                .commit("demo/m", to_ndjson(CommitLfsFileLine{"a b[1].dat", oid, bytes.size()}) +
                                      to_ndjson(CommitLfsFileLine{"x.bin", oid, bytes.size()}))
                .status,
            200);
  const std::string rules = content(".gitattributes");
  EXPECT_NE(rules.find("\na[[:space:]]b\\[1\\].dat filter=lfs diff=lfs merge=lfs -text\n"),
            std::string::npos);
  EXPECT_EQ(rules.find("x.bin"), std::string::npos) << "*.bin covers it";
  // The rule holds: next time nothing is added.
  const std::string other(2000, 'z');
  client_.upload("demo/m", other);
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"a b[1].dat", sha256_hex(other), 2000}));
  EXPECT_EQ(content(".gitattributes"), rules);
}

TEST_F(CommitTest, NeedsAWriteTokenAndARight) {
  const HubClient reader(hub_.base_url(), hub_.read_token());
  const Response by_reader = reader.commit("demo/m", put("a", "1"));
  EXPECT_EQ(by_reader.status, 403);
  EXPECT_EQ(by_reader.headers.get("X-Error-Message"),
            "Your token has the role 'read'; this needs a token with the role 'write'.");
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  EXPECT_EQ(eve.commit("demo/m", put("a", "1")).status, 403);
  const HubClient nobody(hub_.base_url(), "");
  EXPECT_EQ(nobody.commit("demo/m", put("a", "1")).status, 401);
}

TEST_F(CommitTest, KeepsThousandsOfFilesInOneCommit) {
  constexpr int kFiles = 2000;
  std::string lines;
  for (int i = 0; i < kFiles; ++i) {
    lines += put("d" + std::to_string(i % 50) + "/f" + std::to_string(i), std::to_string(i));
  }
  ASSERT_EQ(client_.commit("demo/m", lines).status, 200);
  EXPECT_EQ(files().size(), kFiles + 1U);
  EXPECT_EQ(content("d7/f1007"), "1007");
}

}  // namespace
}  // namespace torchhub::testing
