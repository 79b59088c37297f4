#include "server/hub_client.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class RepoTest : public ::testing::Test {
 protected:
  Response create(const json& body) const { return client_.post("/api/repos/create", body); }

  LocalHub hub_;
  HubClient client_{hub_};
};

TEST_F(RepoTest, CreatesAModelWithItsFirstCommit) {
  const Response response = create({{"name", "m"}, {"type", "model"}});
  ASSERT_EQ(response.status, 200) << response.body;
  const json answer = json::parse(response.body);
  EXPECT_EQ(answer.at("url"), hub_.base_url() + "/demo/m");
  EXPECT_EQ(answer.at("name"), "demo/m");
  EXPECT_EQ(answer.at("id").get<std::string>().size(), 24U);

  const json info = client_.get_json("/api/models/demo/m");
  EXPECT_EQ(info.at("_id"), answer.at("id"));
  EXPECT_EQ(info.at("id"), "demo/m");
  EXPECT_EQ(info.at("private"), false);
  EXPECT_EQ(info.at("siblings"), json::parse(R"([{"rfilename": ".gitattributes"}])"));
  const json commits = client_.get_json("/api/models/demo/m/commits/main");
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(commits[0].at("title"), "initial commit");
  EXPECT_EQ(commits[0].at("id"), info.at("sha"));
}

TEST_F(RepoTest, AnswersWithTheUrlWhenItIsThereAlready) {
  create({{"name", "m"}});
  for (const char* name : {"m", "M", "demo/m"}) {
    const Response response = create({{"name", name}});
    EXPECT_EQ(response.status, 409);
    EXPECT_TRUE(json::parse(response.body)
                    .at("url")
                    .get<std::string>()
                    .starts_with(hub_.base_url() + "/demo/"));
  }
}

TEST_F(RepoTest, SpeaksTheNameThatTheClientUses) {
  // Python parses the answer's URL and refuses another host than the one it was given.
  std::string localhost = hub_.base_url();
  localhost.replace(localhost.find("127.0.0.1"), 9, "localhost");
  const HubClient other(localhost, hub_.token());
  const Response response = other.post("/api/repos/create", {{"name", "m"}});
  EXPECT_EQ(json::parse(response.body).at("url"), localhost + "/demo/m");
  const Response rebound =
      client_.send("POST", "/api/repos/create", R"({"name": "m2"})", {{"Host", "evil.example"}});
  EXPECT_EQ(json::parse(rebound.body).at("url"), hub_.base_url() + "/demo/m2");
}

TEST_F(RepoTest, RefusesNamesThatCannotBe) {
  for (const char* name :
       {"a--b", "a..b", ".a", "a.git", "a.ipynb", "a b", "ä", "api", "models", "a/b/c", "", "-a"}) {
    const Response response = create({{"name", name}});
    EXPECT_TRUE(response.status == 400 || response.status == 403) << name << response.status;
  }
  EXPECT_EQ(create({{"name", std::string(97, 'a')}}).status, 400);
  EXPECT_EQ(create({{"name", std::string(96, 'a')}}).status, 200);
  EXPECT_EQ(create({{"name", "m"}, {"type", "kernel"}}).status, 400);
  EXPECT_EQ(create({{"name", 5}}).status, 400);
  EXPECT_EQ(create(json::array()).status, 400);
}

TEST_F(RepoTest, NeedsAnSdkForASpace) {
  EXPECT_EQ(create({{"name", "s"}, {"type", "space"}}).status, 400);
  EXPECT_EQ(create({{"name", "s"}, {"type", "space"}, {"sdk", "static"}}).status, 200);
  EXPECT_EQ(client_.get("/api/spaces/demo/s").status, 200);
}

TEST_F(RepoTest, PutsLicenceAndFilesIntoTheFirstCommit) {
  create({{"name", "m"},
          {"license", "apache-2.0"},
          {"files", {{{"path", "x/y.txt"}, {"content", "hi"}, {"encoding", "utf-8"}}}}});
  EXPECT_EQ(client_.get("/demo/m/resolve/main/README.md").body, "---\nlicense: apache-2.0\n---\n");
  EXPECT_EQ(client_.get("/demo/m/resolve/main/x/y.txt").body, "hi");
  EXPECT_EQ(create({{"name", "n"}, {"license", "x\ny: z"}}).status, 400);
}

TEST_F(RepoTest, DeletesAndForgets) {
  create({{"name", "m"}});
  client_.commit_file("demo/m", "a.txt", "1");
  const auto remove = [&](const json& body) {
    return client_.send("DELETE", "/api/repos/delete", body.dump());
  };
  EXPECT_EQ(remove({{"name", "m"}, {"organization", "demo"}, {"type", "model"}}).status, 200);
  EXPECT_EQ(client_.get("/api/models/demo/m").status, 404);
  const Response again = remove({{"name", "m"}});
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.headers.get("X-Error-Code"), "RepoNotFound");
  EXPECT_EQ(create({{"name", "m"}}).status, 200);
  EXPECT_EQ(client_.get("/demo/m/resolve/main/a.txt").status, 404);
}

TEST_F(RepoTest, KeepsTypesApart) {
  create({{"name", "same"}});
  EXPECT_EQ(create({{"name", "same"}, {"type", "dataset"}}).status, 200);
  client_.commit_file("demo/same", "only-model.txt", "1");
  EXPECT_EQ(client_.get("/datasets/demo/same/resolve/main/only-model.txt").status, 404);
}

TEST_F(RepoTest, TellsSizesAndHashesWhenAsked) {
  create({{"name", "m"}});
  const std::string oid = client_.upload("demo/m", std::string(5000, 'x'));
  client_.commit("demo/m",
                 to_ndjson(CommitLfsFileLine{"model.bin", oid, 5000}) +
                     to_ndjson(CommitFileLine{"config.json", R"({"model_type": "bert", "x": 1})"}));
  const json info = client_.get_json("/api/models/demo/m/revision/main?blobs=true");
  EXPECT_EQ(info.at("config"), json::parse(R"({"model_type": "bert"})"));
  EXPECT_EQ(info.at("usedStorage"), 5000);
  const json& model = info.at("siblings").at(2);
  EXPECT_EQ(model.at("rfilename"), "model.bin");
  EXPECT_EQ(model.at("size"), 5000);
  EXPECT_EQ(model.at("lfs").at("sha256"), oid);
  EXPECT_EQ(model.at("lfs").at("size"), 5000);
}

TEST_F(RepoTest, ExpandGivesTheNamedFieldsOnly) {
  create({{"name", "m"}});
  const json info = client_.get_json("/api/models/demo/m?expand[]=likes&expand=xetEnabled");
  EXPECT_EQ(info.size(), 4U) << info;
  EXPECT_EQ(info.at("likes"), 0);
  EXPECT_EQ(info.at("xetEnabled"), false);
  EXPECT_EQ(client_.get("/api/models/demo/m?expand=wishes").status, 400);
}

TEST_F(RepoTest, ReadsTheCard) {
  create({{"name", "m"}});
  client_.commit_file("demo/m", "README.md",
                      "---\nlicense: mit\ntags:\n- vision\nlibrary_name: torchhub\n"
                      "pipeline_tag: image-classification\nlanguage: no\n---\n# hi\n");
  const json info = client_.get_json("/api/models/demo/m");
  EXPECT_EQ(info.at("cardData").at("license"), "mit");
  EXPECT_EQ(info.at("library_name"), "torchhub");
  EXPECT_EQ(info.at("pipeline_tag"), "image-classification");
  EXPECT_EQ(info.at("tags"),
            json({"torchhub", "image-classification", "vision", "no", "license:mit"}));
}

TEST_F(RepoTest, RefusesACardThatIsNoYaml) {
  create({{"name", "m"}});
  const std::string bad = "---\nlicense: [mit\n---\n";
  const Response commit = client_.commit("demo/m", to_ndjson(CommitFileLine{"README.md", bad}));
  EXPECT_EQ(commit.status, 400);
  EXPECT_EQ(commit.headers.get("X-Error-Message")->substr(0, 30), "Invalid metadata in README.md:");
  const Response checked =
      client_.post("/api/validate-yaml", {{"content", bad}, {"repoType", "model"}});
  EXPECT_EQ(checked.status, 400);
  EXPECT_EQ(json::parse(checked.body).at("errors").size(), 1U);
  EXPECT_EQ(client_.post("/api/validate-yaml", {{"content", "# hi"}, {"repoType", "model"}}).body,
            R"({"errors":[],"warnings":[]})");
}

TEST_F(RepoTest, KeepsEverythingOverARestart) {
  create({{"name", "m"}, {"private", true}});
  const std::string commit = client_.commit_file("demo/m", "a.txt", "kept");
  hub_.stop();
  hub_.start();
  EXPECT_EQ(client_.get("/demo/m/resolve/" + commit + "/a.txt").body, "kept");
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("private"), true);
}

}  // namespace
}  // namespace torchhub::testing
