#include "server/hub_client.h"
#include "torchhub/base/base64.h"
#include "torchhub/base/sha256.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class PreuploadTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create_repo("m"); }

  static json file(const std::string& path, std::uint64_t size,
                   const std::string& sample = "text") {
    return {{"path", path}, {"size", size}, {"sample", base64_encode(sample)}};
  }
  json ask(json body) const {
    const Response response = client_.post("/api/models/demo/m/preupload/main", body);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body).at("files");
  }
  std::string mode(const json& asked) const {
    return ask({{"files", {asked}}}).at(0).at("uploadMode");
  }

  LocalHub hub_;
  HubClient client_{hub_};
};

TEST_F(PreuploadTest, ChoosesLfsByRuleSizeAndContent) {
  EXPECT_EQ(mode(file("config.json", 100)), "regular");
  EXPECT_EQ(mode(file("model.safetensors", 100)), "lfs");
  EXPECT_EQ(mode(file("deep/in/model.bin", 100)), "lfs");
  EXPECT_EQ(mode(file("saved_model/a/b.txt", 100)), "lfs");
  EXPECT_EQ(mode(file("runs/events.out.tfevents.1", 100)), "lfs");
  EXPECT_EQ(mode(file("model.bin", 0, "")), "regular") << "empty";
  EXPECT_EQ(mode(file("big.txt", (10 << 20) - 1)), "regular");
  EXPECT_EQ(mode(file("big.txt", 10 << 20)), "lfs");
  const std::string binary("a\0b", 3);
  EXPECT_EQ(mode(file("data.raw", (1 << 20) - 1, binary)), "regular");
  EXPECT_EQ(mode(file("data.raw", 1 << 20, binary)), "lfs");
}

TEST_F(PreuploadTest, TellsWhatIsThereNow) {
  client_.commit_file("demo/m", "a.txt", "now");
  const std::string oid = client_.upload("demo/m", std::string(99, 'x'));
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"m.bin", oid, 99}));
  const json files = ask({{"files", {file("a.txt", 3), file("m.bin", 99), file("new.txt", 1)}}});
  EXPECT_EQ(files[0].at("oid"), git_blob_id("now"));
  EXPECT_EQ(files[1].at("oid"), oid);
  EXPECT_FALSE(files[2].contains("oid"));
  EXPECT_EQ(files[2].at("shouldIgnore"), false);
}

TEST_F(PreuploadTest, TakesTheRulesThatComeAlong) {
  const json files = ask({{"files", {file("x.dat", 100), file("m.bin", 100)}},
                          {"gitAttributes", "*.dat filter=lfs diff=lfs merge=lfs -text\n"}});
  EXPECT_EQ(files[0].at("uploadMode"), "lfs");
  EXPECT_EQ(files[1].at("uploadMode"), "regular");
}

TEST_F(PreuploadTest, IgnoresWhatGitignoreNames) {
  const json sent = ask({{"files", {file("a.log", 1), file("b/c.log", 1), file("a.txt", 1)}},
                         {"gitIgnore", "*.log\n"}});
  EXPECT_EQ(sent[0].at("shouldIgnore"), true);
  EXPECT_EQ(sent[1].at("shouldIgnore"), true);
  EXPECT_EQ(sent[2].at("shouldIgnore"), false);
  client_.commit_file("demo/m", ".gitignore", "*.tmp\n");
  const json kept = ask({{"files", {file("a.log", 1), file("a.tmp", 1)}}});
  EXPECT_EQ(kept[0].at("shouldIgnore"), false);
  EXPECT_EQ(kept[1].at("shouldIgnore"), true);
}

TEST_F(PreuploadTest, RefusesPathsThatACommitWouldRefuse) {
  for (const char* path : {"", "..", "/a", "a//b", ".git/config", "a\\b"}) {
    const Response response =
        client_.post("/api/models/demo/m/preupload/main", {{"files", {file(path, 1)}}});
    EXPECT_EQ(response.status, 422) << path << response.body;
  }
}

TEST_F(PreuploadTest, RefusesBrokenQuestions) {
  const auto ask_status = [&](const json& body) {
    return client_.post("/api/models/demo/m/preupload/main", body).status;
  };
  EXPECT_EQ(ask_status({{"files", "a"}}), 400);
  EXPECT_EQ(ask_status({{"files", {{{"path", "a"}}}}}), 400);
  EXPECT_EQ(ask_status({{"files", {{{"path", "a"}, {"size", -1}}}}}), 400);
  EXPECT_EQ(ask_status({{"files", json(std::vector<json>(1001, file("a", 1)))}}), 413);
  EXPECT_EQ(client_.post("/api/models/demo/m/preupload/nowhere", {{"files", json::array()}}).status,
            404);
}

}  // namespace
}  // namespace torchhub::testing
