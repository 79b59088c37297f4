#include "server/hub_client.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class CompareTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.create_repo("m");
    first_ = client_.commit_file("demo/m", "a.txt", "one\ntwo\nthree\n");
    second_ = client_.commit_file("demo/m", "a.txt", "one\n2\nthree\n");
  }
  Response compare(const std::string& what) const {
    return client_.get("/api/models/demo/m/compare/" + what);
  }

  LocalHub hub_;
  HubClient client_{hub_};
  std::string first_;
  std::string second_;
};

TEST_F(CompareTest, PrintsWhatChanged) {
  const Response diff = compare(first_ + ".." + second_);
  EXPECT_EQ(diff.status, 200);
  EXPECT_EQ(diff.headers.get("Content-Type").value_or("").substr(0, 10), "text/plain");
  EXPECT_NE(diff.body.find("diff --git a/a.txt b/a.txt\n"), std::string::npos) << diff.body;
  EXPECT_NE(diff.body.find("@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"), std::string::npos);
  EXPECT_EQ(compare(second_).body, diff.body) << "a commit alone: since its parent";
  EXPECT_EQ(compare(second_ + ".." + second_).body, "");
}

TEST_F(CompareTest, TellsTwoDotsFromThree) {
  client_.post("/api/models/demo/m/branch/side", {{"startingPoint", first_}});
  client_.commit_file("demo/m", "b.txt", "side\n", "side");
  EXPECT_NE(compare("main..side").body.find("-2\n+two"), std::string::npos);
  const std::string since = compare("main...side").body;
  EXPECT_EQ(since.find("a.txt"), std::string::npos);
  EXPECT_NE(since.find("+side"), std::string::npos);
  EXPECT_EQ(compare("refs%2Fheads%2Fmain..side").body, compare("main..side").body);
  EXPECT_EQ(compare("refs/heads/main..side").body, compare("main..side").body);
}

TEST_F(CompareTest, ListsFilesInTheRawFormat) {
  const std::string oid = client_.upload("demo/m", std::string(5000, 'w'));
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, 5000}) +
                               to_ndjson(CommitFileLine{"b c.txt", "one\n2\nthree\n"}) +
                               to_ndjson(CommitDeletedFileLine{"a.txt"}));
  const json entries = client_.get_json("/api/models/demo/m/tree/main");
  const auto id_of = [&](const std::string& path) {
    for (const json& entry : entries) {
      if (entry.at("path") == path) return entry.at("oid").get<std::string>();
    }
    return std::string();
  };
  const std::string zeros(40, '0');
  EXPECT_EQ(compare(second_ + "..main?raw=true").body,
            "T 12\t:100644 100644 " + id_of("b c.txt") + "... " + id_of("b c.txt") +
                "... R100\ta.txt\tb c.txt\n" + "B 5000\t:000000 100644 " + zeros + "... " +
                id_of("w.bin") + "... A\tw.bin\n");
}

TEST_F(CompareTest, LeavesOutWhatIsTooLong) {
  std::string lines;
  for (int i = 0; i < 6; ++i) {
    std::string text;
    for (int line = 0; line < 100'000; ++line) text += std::to_string(line * 7 + i) + " words\n";
    lines += to_ndjson(CommitFileLine{"f" + std::to_string(i), text});
  }
  ASSERT_EQ(client_.commit("demo/m", lines).status, 200);
  const std::string diff = compare(second_ + "..main").body;
  EXPECT_LE(diff.size(), (5U << 20) + 200);
  EXPECT_NE(diff.find("[The diff is longer than 5242880 bytes"), std::string::npos);
}

TEST_F(CompareTest, LeavesOutWhatIsTooLongOfTheRawFormToo) {
  std::string lines;
  const std::string folder(200, 'f');
  for (int i = 0; i < 20'000; ++i) {
    lines += to_ndjson(CommitFileLine{folder + "/" + std::to_string(i), "x"});
  }
  ASSERT_EQ(client_.commit("demo/m", lines).status, 200);
  const std::string diff = compare(second_ + "..main?raw=true").body;
  EXPECT_LE(diff.size(), (5U << 20) + 200);
  EXPECT_NE(diff.find("[The diff is longer than 5242880 bytes"), std::string::npos);
}

TEST_F(CompareTest, DoesNotReadLargeFilesForTheRawForm) {
  const std::string text((2U << 20) + 1, 'x');
  client_.commit_file("demo/m", "large.txt", text);
  const std::string diff = compare("main?raw=true").body;
  EXPECT_TRUE(diff.starts_with("B 2097153\t:")) << diff;
}

TEST_F(CompareTest, RefusesWhatIsNoRevision) {
  for (const char* what : {"main..missing", "missing", "main..", "main~1..main"}) {
    const Response response = compare(what);
    EXPECT_EQ(response.status, 404) << what;
    EXPECT_EQ(response.headers.get("X-Error-Code"), "RevisionNotFound") << what;
  }
}

TEST_F(CompareTest, KeepsTheTextOfGatedFiles) {
  client_.send("PUT", "/api/models/demo/m/settings", R"({"gated": "manual"})");
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  EXPECT_EQ(eve.get("/api/models/demo/m/compare/" + second_).headers.get("X-Error-Code"),
            "GatedRepo");
}

TEST_F(CompareTest, SumsUpAFolder) {
  const std::string oid = client_.upload("demo/m", std::string(5000, 'w'));
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"d/w.bin", oid, 5000}) +
                               to_ndjson(CommitFileLine{"d/deep/x", "123"}));
  const auto size = [&](const std::string& path) {
    return client_.get_json("/api/models/demo/m/treesize/main/" + path);
  };
  EXPECT_EQ(size("d"), json::parse(R"({"path": "d", "size": 5003})"));
  EXPECT_EQ(size("d/deep/").at("size"), 3);
  EXPECT_EQ(size("a.txt").at("size"), 12);
  EXPECT_EQ(client_.get("/api/models/demo/m/treesize/main/nowhere").headers.get("X-Error-Code"),
            "EntryNotFound");
}

TEST_F(CompareTest, CountsCommitsFromThoseCountedBefore) {
  EXPECT_EQ(client_.get("/api/models/demo/m/commits/main?limit=1").headers.get("X-Total-Count"),
            "3");
  client_.commit_file("demo/m", "b.txt", "1");
  const Response page = client_.get("/api/models/demo/m/commits/main?limit=2&p=1");
  EXPECT_EQ(page.headers.get("X-Total-Count"), "4");
  EXPECT_EQ(json::parse(page.body)[0].at("id"), first_);
  client_.post("/api/models/demo/m/super-squash/main", json::object());
  EXPECT_EQ(client_.get("/api/models/demo/m/commits/main").headers.get("X-Total-Count"), "1");
}

}  // namespace
}  // namespace torchhub::testing
