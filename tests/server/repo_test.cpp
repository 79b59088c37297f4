#include "server/hub_client.h"
#include "server/refused_change.h"
#include "torchhub/base/base64.h"
#include "torchhub/base/timestamp.h"
#include "torchhub/safetensors/header.h"
#include "torchhub/safetensors/index.h"
#include "torchhub/wire/commit_lines.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class RepoTest : public ::testing::Test {
 protected:
  Response create(const json& body) const { return client_.post("/api/repos/create", body); }
  Response remove(const json& body) const {
    return client_.send("DELETE", "/api/repos/delete", body.dump());
  }
  /// Where the git repository of a repository lies.
  fs::path folder_of(const std::string& id) const {
    return hub_.data_dir() / "repos" / id.substr(0, 2) / (id + ".git");
  }

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
  const std::string letters = "only letters, digits, '-', '_' and '.' are allowed";
  const std::string ends = "it must start and end with a letter, a digit or '_'";
  const std::string twice = "'--' and '..' are not allowed";
  const std::string reserved = "it is a reserved word";
  const std::pair<std::string, std::string> names[] = {
      {"", "it is empty"},
      {std::string(97, 'a'), "it is longer than 96 characters"},
      {"a b", letters},
      {"ä", letters},
      {".a", ends},
      {"-a", ends},
      {"a--b", twice},
      {"a..b", twice},
      {"a.git", "it must not end in '.git'"},
      {"a.ipynb", "it must not end in '.git' or '.ipynb'"},
      {"api", reserved},
      {"models", reserved}};
  for (const auto& [name, why] : names) {
    const Response response = create({{"name", name}});
    EXPECT_EQ(response.status, 400) << name;
    EXPECT_EQ(json::parse(response.body).at("error"),
              fmt::format("'demo/{}' cannot be a repository's name: {}.", name, why));
  }
  EXPECT_EQ(create({{"name", std::string(96, 'a')}}).status, 200);
}

TEST_F(RepoTest, RefusesBodiesThatNameNoRepository) {
  const std::pair<json, std::string> bodies[] = {
      {{{"name", "a/b/c"}}, "Repo id must be 'name' or 'owner/name', with one '/' at most."},
      {{{"name", "demo/b/c"}}, "Repo id must be 'name' or 'owner/name', with one '/' at most."},
      {{{"name", "m"}, {"type", "kernel"}},
       "'kernel' is not a repository type. Use model, dataset or space."},
      {{{"name", 5}}, "'name' must be a text."},
      {json::object(), "The field 'name' is missing."},
      {json::array(), "The body must be a JSON object of at most 64 levels."}};
  for (const auto& [body, message] : bodies) {
    const Response response = create(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(response.headers.get("X-Error-Message"), message);
  }
  const Response others = create({{"name", "nobody/m"}});
  EXPECT_EQ(others.status, 403);
  EXPECT_EQ(others.headers.get("X-Error-Message"),
            "You don't have the rights to create or delete repositories under 'nobody'.");
}

TEST_F(RepoTest, SaysWhatARepositoryMayBeCalledWhereAnAddressCannotNameOne) {
  const std::string long_name(97, 'a');
  for (const std::string& id :
       {std::string("a%20b"), std::string("demo/a%5Cb"), std::string("demo/%C3%A4"),
        std::string("demo/a..b"), std::string(".a/b"), long_name, "demo/" + long_name}) {
    for (const std::string& address : {"/api/models/" + id, "/api/datasets/" + id + "/tree/main",
                                       "/" + id + "/resolve/main/a.txt"}) {
      const Response response = client_.get(address);
      EXPECT_EQ(response.status, 400) << address;
      EXPECT_EQ(response.headers.get("X-Error-Message"),
                "Repo id must be 'owner/name': letters, digits, '-', '_' and '.', each part 1 to "
                "96 characters, without '..'.");
    }
  }
  // A third part is where the words behind a name stand: there is no such word.
  EXPECT_EQ(client_.get("/api/models/a/b/c").status, 404);
  EXPECT_EQ(client_.get("/api/models/a/b/c").headers.get("X-Error-Message"),
            "There is nothing at this address.");
}

TEST_F(RepoTest, RefusesNamesThatAddressesUseBehindAName) {
  for (const char* name : {"refs", "Auth-Check", "resolve", "tree", "commits", "branch"}) {
    const Response response = create({{"name", name}});
    EXPECT_EQ(response.status, 400) << name;
    EXPECT_EQ(response.headers.get("X-Error-Message"),
              std::string("'demo/") + name +
                  "' cannot be a repository's name: it is a word that addresses use behind a "
                  "repository's name.");
  }
  EXPECT_EQ(create({{"name", "my-refs"}}).status, 200);
}

TEST_F(RepoTest, NeedsAnSdkForASpace) {
  EXPECT_EQ(create({{"name", "s"}, {"type", "space"}}).status, 400);
  EXPECT_EQ(create({{"name", "s"}, {"type", "space"}, {"sdk", "cobol"}}).status, 400);
  EXPECT_EQ(client_.get("/api/spaces/demo/s").status, 404);
  EXPECT_EQ(create({{"name", "s"}, {"type", "space"}, {"sdk", "static"}}).status, 200);
  EXPECT_EQ(client_.get("/api/spaces/demo/s").status, 200);
}

TEST_F(RepoTest, TellsASpacesSdkFromItsCard) {
  create({{"name", "My_App.2"}, {"type", "space"}, {"sdk", "docker"}, {"license", "mit"}});
  EXPECT_EQ(client_.get("/spaces/demo/My_App.2/resolve/main/README.md").body,
            "---\ntitle: \"My_App.2\"\nsdk: docker\nlicense: mit\n---\n");
  const json info = client_.get_json("/api/spaces/demo/My_App.2");
  EXPECT_EQ(info.at("sdk"), "docker");
  EXPECT_EQ(info.at("subdomain"), "demo-my-app-2");

  client_.send("POST", "/api/spaces/demo/My_App.2/commit/main",
               to_ndjson(CommitHeaderLine{"another sdk"}) +
                   to_ndjson(CommitFileLine{"README.md", "---\nsdk: gradio\n---\n"}));
  const json brief = client_.get_json("/api/spaces/demo/My_App.2?expand=sdk");
  EXPECT_EQ(brief.at("sdk"), "gradio");
  EXPECT_FALSE(brief.contains("subdomain"));
  EXPECT_EQ(client_.get_json("/api/spaces?author=demo").at(0).at("sdk"), "gradio");
}

TEST_F(RepoTest, TellsWhatASpaceUses) {
  create({{"name", "s"}, {"type", "space"}, {"sdk", "static"}});
  EXPECT_FALSE(client_.get_json("/api/spaces/demo/s").contains("models"));
  client_.send(
      "POST", "/api/spaces/demo/s/commit/main",
      to_ndjson(CommitHeaderLine{"a card"}) +
          to_ndjson(CommitFileLine{
              "README.md", "---\nsdk: static\nmodels: [ana/a, 7]\ndatasets: ana/d\n---\n"}));
  const json info = client_.get_json("/api/spaces/demo/s");
  EXPECT_EQ(info.at("models"), json::array({"ana/a"}));
  EXPECT_EQ(info.at("datasets"), json::array({"ana/d"}));
  EXPECT_FALSE(client_.get_json("/api/spaces").at(0).contains("models")) << "nobody asked";
  EXPECT_EQ(client_.get_json("/api/spaces?linked=True").at(0).at("models"), json::array({"ana/a"}));
  EXPECT_EQ(client_.get_json("/api/spaces?expand=datasets").at(0).at("datasets"),
            json::array({"ana/d"}));
  EXPECT_EQ(client_.get_json("/api/spaces").at(0).at("trendingScore"), 0);
}

TEST_F(RepoTest, PutsLicenceAndFilesIntoTheFirstCommit) {
  create({{"name", "m"},
          {"license", "apache-2.0"},
          {"files", {{{"path", "x/y.txt"}, {"content", "hi"}, {"encoding", "utf-8"}}}}});
  EXPECT_EQ(client_.get("/demo/m/resolve/main/README.md").body, "---\nlicense: apache-2.0\n---\n");
  EXPECT_EQ(client_.get("/demo/m/resolve/main/x/y.txt").body, "hi");
  EXPECT_EQ(create({{"name", "n"}, {"license", "x\ny: z"}}).status, 400);
}

TEST_F(RepoTest, ChecksFirstFilesAsThoseOfACommit) {
  const auto create_with = [&](const json& files) {
    return create({{"name", "m"}, {"files", files}});
  };
  const auto text = [](const std::string& path, const std::string& content) {
    return json{{"path", path}, {"content", content}};
  };
  const auto create_one = [&](const json& file) { return create_with(json::array({file})); };
  EXPECT_EQ(create_one(text("../a", "1")).status, 422);
  EXPECT_EQ(create_one(text("README.md", "---\nlicense: [mit\n---\n")).status, 400);
  EXPECT_EQ(create_with(json::array({text("a", "1"), text("a/b", "2")})).status, 400);
  EXPECT_EQ(create_with(json::array({text("a/b", "1"), text("a", "2")})).status, 400);
  EXPECT_EQ(create_one("a").status, 400);
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:" + std::string(64, 'a') +
      "\nsize 5\n";
  const Response lost = create_one(text("x.bin", pointer));
  EXPECT_EQ(lost.status, 400);
  EXPECT_NE(lost.headers.get("X-Error-Message")->find("does not exist: x.bin"), std::string::npos);
  EXPECT_EQ(create_one(text("a/b", "1")).status, 200) << "nothing kept the name";
}

TEST(RepoLimits, HoldForFirstFilesToo) {
  LocalHub hub(relaxed({.max_regular_bytes = 100}));
  const HubClient client(hub);
  const auto create_with = [&](std::size_t bytes) {
    return client.post("/api/repos/create", {{"name", "m"},
                                             {"files",
                                              {{{"path", "a"},
                                                {"content", base64_encode(std::string(bytes, 'x'))},
                                                {"encoding", "base64"}}}}});
  };
  const Response refused = create_with(101);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.headers.get("X-Error-Message"),
            "'a' has 101 bytes; files kept in git may have 100. Send it by LFS.");
  EXPECT_EQ(create_with(100).status, 200);
}

TEST_F(RepoTest, KeepsNoNameOfARepositoryThatCouldNotBeMade) {
  {
    const RefusedChange ready(hub_, "never_ready",
                              "UPDATE OF state ON repo WHEN NEW.state = 'ready'");
    EXPECT_EQ(create({{"name", "m"}}).status, 503);
  }
  EXPECT_EQ(create({{"name", "m"}}).status, 200);
}

TEST_F(RepoTest, TakesANameBackThatCouldNotBeFreed) {
  {
    const RefusedChange ready(hub_, "never_ready",
                              "UPDATE OF state ON repo WHEN NEW.state = 'ready'");
    const RefusedChange forget(hub_, "never_forget", "DELETE ON repo");
    EXPECT_EQ(create({{"name", "m"}}).status, 503);
  }
  EXPECT_EQ(create({{"name", "M"}}).status, 200);
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("id"), "demo/M");
}

TEST_F(RepoTest, FinishesAtTheNextStartADeletionThatStoppedHalfWay) {
  const std::string id = json::parse(create({{"name", "m"}}).body).at("id");
  fs::remove(hub_.data_dir() / "trash");
  std::ofstream(hub_.data_dir() / "trash") << "in the way";
  EXPECT_EQ(remove({{"name", "m"}}).status, 200) << "gone for everybody";
  EXPECT_EQ(client_.get("/api/models/demo/m").status, 404);
  EXPECT_EQ(create({{"name", "m"}}).status, 200) << "the name is free";
  EXPECT_TRUE(fs::exists(folder_of(id)));
  fs::remove(hub_.data_dir() / "trash");
  hub_.stop();
  hub_.start();
  EXPECT_FALSE(fs::exists(folder_of(id)));
  EXPECT_EQ(client_.get("/api/models/demo/m").status, 200);
}

TEST_F(RepoTest, KeepsADeletedRepositoryUntilAStartThatHasATrash) {
  const std::string id = json::parse(create({{"name", "m"}}).body).at("id");
  const fs::path today =
      hub_.data_dir() / "trash" / to_rfc3339(std::chrono::system_clock::now()).substr(0, 10);
  std::ofstream(today.string()) << "in the way";
  EXPECT_EQ(remove({{"name", "m"}}).status, 200);
  hub_.stop();
  hub_.start();
  EXPECT_TRUE(fs::exists(folder_of(id)));
  EXPECT_EQ(client_.get("/api/models/demo/m").status, 404);
  fs::remove(today);
  hub_.stop();
  hub_.start();
  EXPECT_FALSE(fs::exists(folder_of(id)));
  EXPECT_TRUE(fs::exists(today / (id + ".git")));
}

TEST_F(RepoTest, MovesADeletedRepositoryToTheTrash) {
  const std::string id = json::parse(create({{"name", "m"}}).body).at("id");
  ASSERT_EQ(remove({{"name", "m"}}).status, 200);
  EXPECT_FALSE(fs::exists(folder_of(id)));
  std::vector<std::string> kept;
  for (const auto& day : fs::directory_iterator(hub_.data_dir() / "trash")) {
    for (const auto& entry : fs::directory_iterator(day)) kept.push_back(entry.path().filename());
  }
  EXPECT_EQ(kept, std::vector<std::string>{id + ".git"});
}

TEST_F(RepoTest, DoesNotTellAMissingOwnerFromAMissingRepository) {
  const Response owner = remove({{"name", "nobody/m"}});
  const Response repository = remove({{"name", "demo/m"}});
  for (const Response& response : {owner, repository}) {
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.headers.get("X-Error-Code"), "RepoNotFound");
  }
  EXPECT_EQ(owner.body, repository.body);
  EXPECT_EQ(create({{"name", "nobody/m"}}).status, 403);
}

TEST_F(RepoTest, ChangesNoSettingIfOneIsRefused) {
  create({{"name", "m"}});
  const auto change = [&](const json& body) {
    return client_.send("PUT", "/api/models/demo/m/settings", body.dump()).status;
  };
  EXPECT_EQ(change({{"private", true}, {"gated", "perhaps"}}), 400);
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("private"), false);
  EXPECT_EQ(change({{"private", true}, {"gated", false}}), 200);
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("private"), true);
}

TEST_F(RepoTest, DeletesAndForgets) {
  create({{"name", "m"}});
  client_.commit_file("demo/m", "a.txt", "1");
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

TEST_F(RepoTest, ShowsOfAConfigOnlyWhatClientsExpect) {
  create({{"name", "m"}});
  const auto config_for = [&](const std::string& text) {
    client_.commit_file("demo/m", "config.json", text);
    return client_.get_json("/api/models/demo/m").value("config", json());
  };
  constexpr std::size_t kDeep = 20'000;
  const std::string deep = std::string(kDeep, '[') + std::string(kDeep, ']');
  EXPECT_EQ(config_for(R"({"architectures": )" + deep + "}"), json::object());
  EXPECT_EQ(config_for(R"({"model_type": )" + deep + "}"), json::object());
  EXPECT_EQ(config_for(std::string(kDeep, '[')), json::object());
  EXPECT_EQ(config_for(R"({"architectures": ["A", 1], "model_type": {"x": 1}})"), json::object());
  const std::string good = R"({"architectures": ["A", "B"], "model_type": "bert", "x": [[1]])";
  EXPECT_EQ(config_for(good + "}"),
            json::parse(R"({"architectures": ["A", "B"], "model_type": "bert"})"));
  EXPECT_EQ(config_for(good + std::string(1 << 20, ' ') + "}"), json()) << "over 1 MiB";
}

/// A safetensors file of one tensor with `count` numbers.
std::string weights(const std::string& name, std::int64_t count) {
  const auto bytes = static_cast<std::uint64_t>(count) * 4;
  const safetensors::Header header{.tensors = {{name, safetensors::Dtype::F32, {count}, 0, bytes}}};
  return safetensors::encode_header(header) + std::string(bytes, '\0');
}

TEST_F(RepoTest, CountsTheParametersOfAModel) {
  create({{"name", "m"}});
  const auto counts = [&] {
    return client_.get_json("/api/models/demo/m").value("safetensors", json());
  };
  const auto commit_object = [&](const std::string& path, const std::string& bytes) {
    const std::string oid = client_.upload("demo/m", bytes);
    return client_.commit("demo/m", to_ndjson(CommitLfsFileLine{path, oid, bytes.size()})).status;
  };
  EXPECT_EQ(counts(), json());
  safetensors::ShardIndex index;
  index.weight_map = {{"a", "s1.safetensors"}, {"b", "s2.safetensors"}};
  client_.commit_file("demo/m", "model.safetensors.index.json",
                      safetensors::encode_shard_index(index));
  ASSERT_EQ(commit_object("s1.safetensors", weights("a", 5)), 200);
  EXPECT_EQ(counts(), json()) << "a shard is missing";
  ASSERT_EQ(commit_object("s2.safetensors", weights("b", 20)), 200);
  EXPECT_EQ(counts(), json::parse(R"({"parameters": {"F32": 25}, "total": 25})"));
  ASSERT_EQ(commit_object("model.safetensors", weights("all", 7)), 200);
  EXPECT_EQ(counts(), json::parse(R"({"parameters": {"F32": 7}, "total": 7})"));
  client_.commit_file("demo/m", "model.safetensors", weights("in git", 3));
  EXPECT_EQ(counts().at("total"), 3);
  client_.commit_file("demo/m", "model.safetensors", "no such format");
  EXPECT_EQ(counts(), json());
  ASSERT_EQ(commit_object("model.safetensors", std::string(8, '\x7f') + "cut off"), 200);
  EXPECT_EQ(counts(), json());
}

TEST_F(RepoTest, ExpandGivesTheNamedFieldsOnly) {
  create({{"name", "m"}});
  const json info = client_.get_json("/api/models/demo/m?expand[]=likes&expand=xetEnabled");
  EXPECT_EQ(info.size(), 4U) << info;
  EXPECT_EQ(info.at("likes"), 0);
  EXPECT_EQ(info.at("xetEnabled"), false);
  const Response refused = client_.get("/api/models/demo/m?expand=wishes");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("expected one of"), std::string::npos) << refused.body;
  EXPECT_NE(refused.body.find("widgetData"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.body.find("mainSize"), std::string::npos) << "of data sets alone";
}

TEST_F(RepoTest, TellsWhatTheWidgetOfAModelShows) {
  create({{"name", "m"}});
  EXPECT_FALSE(client_.get_json("/api/models/demo/m").contains("widgetData"));
  client_.commit_file("demo/m", "README.md", "---\nwidget:\n- text: Hello\n---\n");
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("widgetData"),
            json::parse(R"([{"text": "Hello"}])"));
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

TEST_F(RepoTest, TakesNoCardMadeToHurt) {
  create({{"name", "m"}});
  const auto commit = [&](const std::string& yaml) {
    return client_
        .commit("demo/m", to_ndjson(CommitFileLine{"README.md", "---\n" + yaml + "\n---\n"}))
        .status;
  };
  EXPECT_EQ(commit("a: &x [1]\nb: *x"), 400) << "aliases";
  EXPECT_EQ(commit("a: " + std::string(20, '[') + std::string(20, ']')), 400) << "21 levels";
  EXPECT_EQ(commit("a: " + std::string(19, '[') + std::string(19, ']')), 200);
  EXPECT_EQ(commit("a: " + std::string(256 << 10, 'x')), 400) << "over 256 KiB";
  EXPECT_EQ(commit("a: " + std::string(255 << 10, 'x')), 200);
}

TEST_F(RepoTest, ReadsACardOfVeryManyTags) {
  create({{"name", "m"}});
  std::string card = "---\ntags:\n";
  constexpr int kTags = 25'000;
  for (int i = 0; i < kTags; ++i) card += "- t" + std::to_string(i) + "\n";
  client_.commit_file("demo/m", "README.md", card + "- t0\n---\n");
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("tags").size(), std::size_t{kTags});
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
  EXPECT_EQ(client_.post("/api/validate-yaml", {{"content", "---\nlicense: mit\n---\n"}}).body,
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
