#include "server/hub_client.h"
#include "support/child_process.h"
#include "support/local_hub.h"
#include "support/temp_dir.h"
#include "torchhub/base/sha256.h"
#include "torchhub/server/fsck.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;

/// Two hubs; the second one's user is "ben".
class MirrorTest : public ::testing::Test {
 protected:
  MirrorTest() : theirs_({.user = "ben"}), client_(ours_), other_(theirs_) {
    client_.create_repo("m", {{"private", true}});
    commit_lfs("first");
    client_.send("POST", "/api/models/demo/m/tag/main", R"({"tag": "v1", "message": "one"})");
    commit_lfs("second");
    client_.send("POST", "/api/models/demo/m/branch/side", "{}");
  }

  void commit_lfs(const std::string& bytes) {
    const std::string oid = client_.upload("demo/m", bytes);
    client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"w.bin", oid, bytes.size()}));
  }
  Finished mirror(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {TORCHHUB_EXECUTABLE, "mirror", "push", "--to",
                                          theirs_.base_url(),  "demo/m", "--as", "ben/m"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(std::move(arguments),
               {"HF_ENDPOINT=" + ours_.base_url(), "HF_TOKEN=" + ours_.token(),
                "TORCHHUB_TO_TOKEN=" + theirs_.token(), "TMPDIR=" + folder_.path().string()});
  }
  /// The same the other way round: run by ben, whose hub takes what is on ours.
  Finished pull(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {TORCHHUB_EXECUTABLE, "mirror", "pull", "--from",
                                          ours_.base_url(),    "demo/m", "--as", "ben/m"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(std::move(arguments),
               {"HF_ENDPOINT=" + theirs_.base_url(), "HF_TOKEN=" + theirs_.token(),
                "TORCHHUB_FROM_TOKEN=" + ours_.token(), "TMPDIR=" + folder_.path().string()});
  }
  json refs(const HubClient& client, const std::string& name) {
    return client.get_json("/api/models/" + name + "/refs");
  }

  LocalHub ours_;
  LocalHub theirs_;
  HubClient client_;
  HubClient other_;
  TempDir folder_;
};

TEST_F(MirrorTest, CopiesEveryVersion) {
  const Finished first = mirror({"--json"});
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_EQ(json::parse(first.output).at("sentBytes"), 11);
  EXPECT_EQ(refs(other_, "ben/m"), refs(client_, "demo/m"));
  EXPECT_EQ(other_.get("/ben/m/resolve/v1/w.bin").body, "first");
  EXPECT_EQ(other_.get("/ben/m/resolve/side/w.bin").body, "second");
  EXPECT_EQ(other_.get_json("/api/models/ben/m").at("private"), true);
  EXPECT_FALSE(check_hub(theirs_.data_dir()).problem_found());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "nothing stays behind";
}

TEST_F(MirrorTest, SendsOnlyWhatIsNew) {
  const std::string work = (folder_ / "work").string();
  ASSERT_EQ(mirror({"--work", work}).exit_code, 0);
  commit_lfs("third!");
  const Finished again = mirror({"--work", work, "--json"});
  ASSERT_EQ(again.exit_code, 0) << again.errors;
  EXPECT_EQ(json::parse(again.output).at("sentBytes"), 6);
  EXPECT_EQ(other_.get("/ben/m/resolve/main/w.bin").body, "third!");
  const Finished find = run({"grep", "-r", theirs_.token(), work});
  EXPECT_EQ(find.output, "") << "no token stays in the folder";
}

TEST_F(MirrorTest, KeepsItsWorkBesideTheUser) {
  const std::filesystem::path back = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const Finished first = mirror({"--work", "kept"});
  const Finished second = mirror({"--work", "kept"});
  std::filesystem::current_path(back);
  EXPECT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_EQ(second.exit_code, 0) << second.errors;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "kept" / "mirror.git"));
}

TEST_F(MirrorTest, LeavesOtherCommitsAlone) {
  ASSERT_EQ(mirror().exit_code, 0);
  const std::string theirs = other_.commit_file("ben/m", "b.txt", "of ben");
  commit_lfs("third!");
  const Finished refused = mirror();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.errors.find("main"), std::string::npos) << refused.errors;
  EXPECT_EQ(refused.errors.find("hf_"), std::string::npos) << "no token in a message";
  EXPECT_EQ(other_.get_json("/api/models/ben/m").at("sha"), theirs);
  ASSERT_EQ(mirror({"--force"}).exit_code, 0);
  EXPECT_EQ(refs(other_, "ben/m"), refs(client_, "demo/m"));
}

TEST_F(MirrorTest, PullsEveryVersionAndOnlyOnce) {
  const Finished first = pull({"--json"});
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  const json said = json::parse(first.output);
  EXPECT_EQ(said.at("sentBytes"), 11);
  EXPECT_EQ(said.at("objects"), 2);
  EXPECT_EQ(said.at("refs"), 3) << "main, side and v1";
  EXPECT_EQ(refs(other_, "ben/m"), refs(client_, "demo/m"));
  EXPECT_EQ(other_.get("/ben/m/resolve/v1/w.bin").body, "first");
  EXPECT_EQ(other_.get("/ben/m/resolve/main/w.bin").body, "second");
  EXPECT_EQ(other_.get_json("/api/models/ben/m").at("private"), true);
  const Finished again = pull({"--json"});
  ASSERT_EQ(again.exit_code, 0) << again.errors;
  EXPECT_EQ(json::parse(again.output).at("sentBytes"), 0);
  EXPECT_EQ(refs(other_, "ben/m"), refs(client_, "demo/m"));
  EXPECT_FALSE(check_hub(theirs_.data_dir()).problem_found());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "nothing stays behind";
}

TEST_F(MirrorTest, PullLeavesOtherCommitsAlone) {
  ASSERT_EQ(pull().exit_code, 0);
  const std::string theirs = other_.commit_file("ben/m", "b.txt", "of ben");
  commit_lfs("third!");
  const Finished refused = pull();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.errors.find("main"), std::string::npos) << refused.errors;
  EXPECT_EQ(refused.errors.find("hf_"), std::string::npos) << "no token in a message";
  EXPECT_EQ(other_.commit_at("ben/m"), theirs);
  const Finished forced = pull({"--force", "--json"});
  ASSERT_EQ(forced.exit_code, 0) << forced.errors;
  EXPECT_EQ(json::parse(forced.output).at("differentRefs"), json::array());
  EXPECT_EQ(refs(other_, "ben/m"), refs(client_, "demo/m"));
  EXPECT_EQ(other_.get("/ben/m/resolve/main/w.bin").body, "third!");
}

TEST_F(MirrorTest, PrunesOnlyWhereAsked) {
  ASSERT_EQ(mirror().exit_code, 0);
  other_.send("POST", "/api/models/ben/m/branch/own", "{}");
  EXPECT_EQ(client_.send("DELETE", "/api/models/demo/m/branch/side").status, 200);
  EXPECT_EQ(client_.send("DELETE", "/api/models/demo/m/tag/v1").status, 200);
  ASSERT_EQ(mirror().exit_code, 0);
  EXPECT_EQ(other_.get_json("/api/models/ben/m/refs").at("branches").size(), 3U);
  EXPECT_EQ(other_.get("/ben/m/resolve/v1/w.bin").body, "first");
  const Finished pruned = mirror({"--prune"});
  ASSERT_EQ(pruned.exit_code, 0) << pruned.errors;
  EXPECT_EQ(refs(other_, "ben/m"), refs(client_, "demo/m")) << "main alone";
  EXPECT_FALSE(check_hub(theirs_.data_dir()).problem_found());
}

TEST_F(MirrorTest, CarriesDatasetsAndSpaces) {
  for (const std::string& type : {std::string("dataset"), std::string("space")}) {
    SCOPED_TRACE(type);
    client_.create_repo("x", {{"type", type}, {"sdk", "static"}});
    const std::string bytes = "of a " + type;
    const std::string oid = client_.upload(type + "s/demo/x", bytes);
    const Response commit =
        client_.send("POST", "/api/" + type + "s/demo/x/commit/main",
                     to_ndjson(CommitHeaderLine{"t"}) + to_ndjson(CommitFileLine{"a.txt", "1"}) +
                         to_ndjson(CommitLfsFileLine{"w.bin", oid, bytes.size()}));
    ASSERT_EQ(commit.status, 200) << commit.body;
    const Finished done =
        run({TORCHHUB_EXECUTABLE, "mirror", "push", "--to", theirs_.base_url(), "--type", type,
             "demo/x", "--as", "ben/x"},
            {"HF_ENDPOINT=" + ours_.base_url(), "HF_TOKEN=" + ours_.token(),
             "TORCHHUB_TO_TOKEN=" + theirs_.token(), "TMPDIR=" + folder_.path().string()});
    ASSERT_EQ(done.exit_code, 0) << done.errors;
    const std::string place = "/" + type + "s/ben/x/resolve/main/";
    EXPECT_EQ(other_.get(place + "w.bin").body, bytes);
    EXPECT_EQ(other_.get(place + "a.txt").body, "1");
    EXPECT_EQ(other_.get_json("/api/" + type + "s/ben/x/refs"),
              client_.get_json("/api/" + type + "s/demo/x/refs"));
    EXPECT_EQ(other_.get_json("/api/" + type + "s/ben/x").value("sdk", ""),
              type == "space" ? "static" : "");
    EXPECT_EQ(other_.get("/api/models/ben/x").status, 404) << "a model it is not";
  }
}

TEST_F(MirrorTest, SaysWhatIsMissing) {
  EXPECT_EQ(run({TORCHHUB_EXECUTABLE, "mirror", "pull", "demo/m"}).exit_code, 2);
  const Finished same = run({TORCHHUB_EXECUTABLE, "mirror", "pull", "--from", ours_.base_url(),
                             "--to", ours_.base_url(), "demo/m"});
  EXPECT_EQ(same.exit_code, 2);
  const Finished no_token = run({TORCHHUB_EXECUTABLE, "mirror", "pull", "--from", ours_.base_url(),
                                 "--to", theirs_.base_url(), "demo/m"});
  EXPECT_EQ(no_token.exit_code, 3);
  EXPECT_NE(no_token.errors.find("'demo/m'"), std::string::npos) << no_token.errors;
}

}  // namespace
}  // namespace torchhub::testing
