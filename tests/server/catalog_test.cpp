#include "server/hub_client.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace torchhub::testing {
namespace {

using nlohmann::json;

class CatalogTest : public ::testing::Test {
 protected:
  LocalHub hub_;
  HubClient client_{hub_};
  HubClient nobody_{hub_.base_url(), ""};
};

TEST_F(CatalogTest, GroupsTheTagsThatAreInUse) {
  client_.create_repo("m");
  client_.commit_file("demo/m", "README.md",
                      "---\nlicense: mit\ntags: [x]\nlibrary_name: torchhub\n"
                      "pipeline_tag: fill-mask\ndatasets: [ana/d]\n---\n");
  client_.create_repo("hidden", {{"private", true}});
  client_.commit_file("demo/hidden", "README.md", "---\ntags: [secret]\n---\n");
  const json tags = nobody_.get_json("/api/models-tags-by-type");
  EXPECT_EQ(tags.at("license"),
            json::parse(R"([{"id": "license:mit", "label": "mit", "type": "license"}])"));
  EXPECT_EQ(tags.at("pipeline_tag")[0].at("id"), "fill-mask");
  EXPECT_EQ(tags.at("library")[0].at("id"), "torchhub");
  EXPECT_EQ(tags.at("dataset")[0].at("label"), "ana/d");
  EXPECT_EQ(tags.at("other").size(), 1U) << "none of a private repository";
  EXPECT_EQ(nobody_.get_json("/api/datasets-tags-by-type"), json::object());
}

TEST_F(CatalogTest, ListsOnesOwnStorage) {
  client_.create_repo("m");
  client_.create_repo("d", {{"type", "dataset"}, {"private", true}});
  const std::string oid = client_.upload("demo/m", std::string(300, 'x'));
  client_.commit("demo/m", to_ndjson(CommitLfsFileLine{"a.bin", oid, 300}));
  const json repos = client_.get_json("/api/settings/repositories");
  ASSERT_EQ(repos.size(), 2U);
  EXPECT_EQ(repos[0].at("id"), "demo/m");
  EXPECT_EQ(repos[0].at("storage"), 300);
  EXPECT_EQ(repos[0].at("storagePercent"), 100.0);
  EXPECT_EQ(repos[1].at("type"), "dataset");
  EXPECT_EQ(repos[1].at("visibility"), "private");
  EXPECT_EQ(nobody_.get("/api/settings/repositories").status, 401);
}

TEST_F(CatalogTest, ListsAnOrganizationsStorageToItsMembers) {
  hub_.admin().create_organization("club", "demo");
  client_.create_repo("club/m");
  EXPECT_EQ(client_.get_json("/api/organizations/club/settings/repositories").size(), 1U);
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  EXPECT_EQ(eve.get("/api/organizations/club/settings/repositories").status, 403);
  EXPECT_EQ(eve.get("/api/organizations/none/settings/repositories").status, 404);
}

TEST_F(CatalogTest, NamesWhatItDoesNotHave) {
  for (const char* target :
       {"/api/collections", "/api/collections/demo/x", "/api/jobs/demo", "/api/settings/webhooks",
        "/api/spaces/demo/s/runtime", "/api/spaces/demo/s/logs/run", "/api/spaces/hardware",
        "/api/datasets/demo/d/leaderboard", "/api/tasks",
        "/api/models/demo/m/safetensors-metadata/model.safetensors.index.json"}) {
    const Response response = client_.get(target);
    EXPECT_EQ(response.status, 501) << target;
    EXPECT_EQ(response.headers.get("X-Error-Code"), "NotImplemented");
  }
  EXPECT_EQ(client_.post("/api/collections", json::object()).headers.get("X-Error-Message"),
            "Collections are not part of torchhub serve.");
  EXPECT_EQ(client_.get_json("/api/metrics"), json::array());
}

TEST_F(CatalogTest, WhatItDoesNotHaveHidesNoRepository) {
  client_.create_repo("hardware", {{"type", "space"}, {"sdk", "static"}});
  client_.create_repo("leaderboard", {{"type", "dataset"}});
  EXPECT_EQ(client_.get_json("/api/spaces/demo/hardware").at("id"), "demo/hardware");
  EXPECT_EQ(client_.get_json("/api/datasets/demo/leaderboard").at("id"), "demo/leaderboard");
  EXPECT_EQ(client_.get("/api/spaces/demo/hardware/hardware").status, 501);
}

TEST_F(CatalogTest, EndsTokensThatLeaked) {
  const std::string leaked = hub_.admin().create_token("demo", TokenRole::write);
  const HubClient thief(hub_.base_url(), leaked);
  const HubClient nobody(hub_.base_url(), "");
  const auto revoke = [&](const json& credentials) {
    return nobody.post("/api/credentials/revoke", {{"credentials", credentials}});
  };
  EXPECT_EQ(thief.get("/api/whoami-v2").status, 200);
  const Response done = revoke({leaked, "hf_unknown", ""});
  EXPECT_EQ(done.status, 202);
  EXPECT_EQ(thief.get("/api/whoami-v2").status, 401);
  EXPECT_EQ(client_.get("/api/whoami-v2").status, 200) << "another token of the same user";
  const Response again = revoke({leaked});
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.body, done.body) << "says nothing of which tokens there were";
  for (const json& bad :
       {json(), json("hf_x"), json::array(), json({7}), json({leaked, nullptr})}) {
    EXPECT_EQ(revoke(bad).status, 400) << bad;
  }
}

TEST_F(CatalogTest, EndsNoTokenByItsId) {
  const json who = client_.get_json("/api/whoami-v2");
  for (const auto& row : hub_.admin().tokens("demo")) {
    client_.post("/api/credentials/revoke", {{"credentials", {row.id}}});
  }
  EXPECT_EQ(client_.get_json("/api/whoami-v2"), who);
}

TEST_F(CatalogTest, ChecksCards) {
  const auto check = [&](const std::string& yaml) {
    return client_.post(
        "/api/validate-yaml",
        {{"content", yaml.empty() ? "# hi" : "---\n" + yaml + "\n---\n"}, {"repoType", "model"}});
  };
  const auto count = [](const Response& response, const char* list) {
    return json::parse(response.body).at(list).size();
  };
  const Response good = check("license: mit\npipeline_tag: fill-mask");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, R"({"errors":[],"warnings":[]})");
  for (const char* doubtful : {"", "license: home-made", "pipeline_tag: mind-reading"}) {
    const Response response = check(doubtful);
    EXPECT_EQ(response.status, 200) << doubtful;
    EXPECT_EQ(count(response, "errors"), 0U) << doubtful;
    EXPECT_GE(count(response, "warnings"), 1U) << doubtful;
  }
  for (const char* wrong : {"license: 5", "model-index: 7", "model-index:\n- name: x\n  results: 3",
                            "language: Klingon!"}) {
    const Response response = check(wrong);
    EXPECT_EQ(response.status, 400) << wrong;
    EXPECT_GE(count(response, "errors"), 1U) << wrong;
  }
  const Response broken = check("a: 1\nlicense: [mit");
  EXPECT_EQ(broken.status, 400);
  EXPECT_NE(json::parse(broken.body).at("errors")[0].at("message").get<std::string>().find("line"),
            std::string::npos)
      << broken.body;
}

TEST_F(CatalogTest, ChecksCardsByTheTypeOfTheirRepository) {
  const auto check = [&](const json& type, const std::string& yaml) {
    return client_.post("/api/validate-yaml",
                        {{"content", "---\n" + yaml + "\n---\n"}, {"repoType", type}});
  };
  const auto warnings = [&](const char* type, const std::string& yaml) {
    const Response response = check(type, yaml);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body).at("warnings").size();
  };
  EXPECT_EQ(check("space", "sdk: perl").status, 400);
  EXPECT_EQ(check("model", "sdk: perl").status, 200);
  EXPECT_EQ(warnings("space", "sdk: gradio"), 0U);
  EXPECT_EQ(check("dataset", "configs: 7").status, 400);
  EXPECT_EQ(warnings("dataset", "task_categories: [mind-reading]"), 1U);
  EXPECT_EQ(warnings("dataset", "pipeline_tag: mind-reading"), 0U) << "a key of models";
  const Response bogus = check("bogus", "license: mit");
  EXPECT_EQ(bogus.status, 400);
  EXPECT_EQ(bogus.headers.get("X-Error-Message"),
            "'bogus' is not a repository type. Use model, dataset or space.");
  EXPECT_EQ(check(7, "license: mit").status, 400);
}

}  // namespace
}  // namespace torchhub::testing
