#include "server/hub_client.h"
#include "server/refused_change.h"
#include "server/store/database.h"
#include "support/fake_clock.h"
#include "torchhub/base/base64.h"
#include "torchhub/safetensors/header.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace torchhub::testing {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

class ListTest : public ::testing::Test {
 protected:
  void make(const std::string& name, const std::string& card = {}, const json& more = {}) {
    clock_->advance(1s);
    client_.create_repo(name, more.is_null() ? json::object() : more);
    if (card.empty()) return;
    clock_->advance(1s);
    client_.commit_file("demo/" + name, "README.md", "---\n" + card + "\n---\n");
  }
  static std::vector<std::string> ids(const json& list) {
    std::vector<std::string> out;
    for (const json& item : list) out.push_back(item.at("id"));
    return out;
  }
  std::vector<std::string> list(const std::string& query = "") const {
    return ids(client_.get_json("/api/models" + query));
  }
  using Ids = std::vector<std::string>;

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  LocalHub hub_{relaxed({.clock = clock_})};
  HubClient client_{hub_};
  HubClient nobody_{hub_.base_url(), ""};
};

TEST_F(ListTest, FiltersByWhatCardsSay) {
  make("plain");
  make("tagger",
       "tags:\n- ner\n- small\nlibrary_name: torchhub\npipeline_tag: token-classification");
  make("reader", "tags:\n- ner\nlicense: mit\nlibrary_name: transformers");
  EXPECT_EQ(list("?filter=ner"), (Ids{"demo/reader", "demo/tagger"}));
  EXPECT_EQ(list("?filter=ner&filter=small"), Ids{"demo/tagger"});
  EXPECT_EQ(list("?filter=ner,license:mit"), Ids{"demo/reader"});
  EXPECT_EQ(list("?pipeline_tag=token-classification"), Ids{"demo/tagger"});
  EXPECT_EQ(list("?library=transformers"), Ids{"demo/reader"});
  EXPECT_EQ(list("?filter=nothing"), Ids{});
  const json item = client_.get_json("/api/models?search=tagger")[0];
  EXPECT_EQ(item.at("pipeline_tag"), "token-classification");
  EXPECT_EQ(item.at("library_name"), "torchhub");
  EXPECT_EQ(item.at("tags"), json({"torchhub", "token-classification", "ner", "small"}));
  EXPECT_FALSE(item.contains("cardData"));
}

TEST_F(ListTest, TagsDataSetsAsTheirListsAreAsked) {
  client_.create_repo("d", {{"type", "dataset"}});
  const CommitFileLine readme{"README.md",
                              "---\nlanguage: en\ntask_categories:\n- fill-mask\ntags: [x]\n---\n"};
  const Response response = client_.send("POST", "/api/datasets/demo/d/commit/main",
                                         to_ndjson(CommitHeaderLine{"c"}) + to_ndjson(readme));
  ASSERT_EQ(response.status, 200) << response.body;
  const json found =
      client_.get_json("/api/datasets?filter=language:en&filter=task_categories:fill-mask");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].at("tags"), json({"task_categories:fill-mask", "language:en", "x"}));
}

TEST_F(ListTest, FollowsTheCardOfTheDefaultBranch) {
  make("m", "tags:\n- first");
  client_.post("/api/models/demo/m/branch/side", json::object());
  client_.commit_file("demo/m", "README.md", "---\ntags:\n- elsewhere\n---\n", "side");
  EXPECT_EQ(list("?filter=elsewhere"), Ids{});
  client_.commit_file("demo/m", "README.md", "---\ntags:\n- second\n---\n");
  EXPECT_EQ(list("?filter=first"), Ids{});
  EXPECT_EQ(list("?filter=second"), Ids{"demo/m"});
  client_.commit("demo/m", to_ndjson(CommitDeletedFileLine{"README.md"}));
  EXPECT_EQ(list("?filter=second"), Ids{});
}

TEST_F(ListTest, FindsAgainWhatACrashKeptFromTheList) {
  make("m");
  {
    const RefusedChange refused(hub_, "no_head", "UPDATE OF head ON repo");
    client_.commit_file("demo/m", "README.md", "---\ntags:\n- late\n---\n");
  }
  EXPECT_EQ(list("?filter=late"), Ids{});
  client_.get_json("/api/models/demo/m");
  EXPECT_EQ(list("?filter=late"), Ids{"demo/m"});
}

TEST_F(ListTest, TagsFormats) {
  make("m");
  client_.commit("demo/m", to_ndjson(CommitFileLine{"onnx/model.onnx", "x"}) +
                               to_ndjson(CommitFileLine{"model.safetensors", "x"}) +
                               to_ndjson(CommitFileLine{"pytorch_model-1.bin", "x"}) +
                               to_ndjson(CommitFileLine{"other.bin", "x"}));
  EXPECT_EQ(client_.get_json("/api/models")[0].at("tags"),
            json({"safetensors", "onnx", "pytorch"}));
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("tags"),
            json({"safetensors", "onnx", "pytorch"}));
}

/// A safetensors file of one tensor with `count` numbers.
std::string weights(std::int64_t count) {
  const auto bytes = static_cast<std::uint64_t>(count) * 4;
  const safetensors::Header header{.tensors = {{"w", safetensors::Dtype::F32, {count}, 0, bytes}}};
  return safetensors::encode_header(header) + std::string(bytes, '\0');
}

TEST_F(ListTest, SortsAndFiltersByParameters) {
  make("none");
  const std::pair<const char*, std::int64_t> models[] = {
      {"small", 10}, {"big", 3000}, {"mid", 1500}};
  for (const auto& [name, count] : models) {
    make(name);
    client_.commit_file(std::string("demo/") + name, "model.safetensors", weights(count));
  }
  EXPECT_EQ(list("?sort=num_parameters"), (Ids{"demo/big", "demo/mid", "demo/small", "demo/none"}));
  EXPECT_EQ(list("?sort=num_parameters&num_parameters=min:1.5K"), (Ids{"demo/big", "demo/mid"}));
  EXPECT_EQ(list("?sort=id&num_parameters=max:2k"), (Ids{"demo/mid", "demo/small"}))
      << "a model without a number is in no range";
  EXPECT_EQ(list("?num_parameters=min:11,max:1500"), Ids{"demo/mid"});
  EXPECT_EQ(list("?num_parameters=min:6B,max:128B"), Ids{});
  for (const char* bad : {"min:", "min:6X", "6BB", "min:-1", "max:nan", "big"}) {
    EXPECT_EQ(client_.get(std::string("/api/models?num_parameters=") + bad).status, 400) << bad;
  }
  client_.commit_file("demo/small", "model.safetensors", weights(5000));
  EXPECT_EQ(list("?sort=num_parameters&limit=1")[0], "demo/small") << "counted anew";
}

TEST_F(ListTest, CountsParametersOfModelsFromBeforeThatWasDone) {
  make("old");
  client_.commit_file("demo/old", "model.safetensors", weights(10));
  server::Database(hub_.data_dir() / "hub.db", Durability::relaxed)
      .run("UPDATE repo SET parameters = -2");
  EXPECT_EQ(list("?num_parameters=min:1"), Ids{});
  client_.get_json("/api/models/demo/old");
  EXPECT_EQ(list("?num_parameters=min:1"), Ids{"demo/old"});
}

TEST_F(ListTest, NeverLeavesOutAFilter) {
  make("m");
  EXPECT_EQ(list("?inference=warm"), Ids{}) << "nothing here is served";
  EXPECT_EQ(list("?inference_provider=all"), Ids{});
  const Response apps = client_.get("/api/models?apps=ollama");
  EXPECT_EQ(apps.status, 400);
  EXPECT_NE(apps.body.find("'apps'"), std::string::npos);
  const Response size = client_.get("/api/datasets?sort=mainSize");
  EXPECT_EQ(size.status, 400);
  EXPECT_NE(size.body.find("'mainSize'"), std::string::npos);
}

TEST_F(ListTest, FindsSpacesByWhatTheirCardsName) {
  const auto make_space = [&](const std::string& name, const std::string& card) {
    client_.create_repo(name, {{"type", "space"}, {"sdk", "static"}});
    const CommitFileLine readme{"README.md", "---\n" + card + "\n---\n"};
    const Response done = client_.send("POST", "/api/spaces/demo/" + name + "/commit/main",
                                       to_ndjson(CommitHeaderLine{"c"}) + to_ndjson(readme));
    EXPECT_EQ(done.status, 200) << done.body;
  };
  const auto spaces = [&](const std::string& query) {
    return ids(client_.get_json("/api/spaces?sort=id&" + query));
  };
  make_space("alone", "sdk: static");
  make_space("both", "sdk: static\nmodels: [demo/m, demo/n]\ndatasets: demo/d");
  make_space("one", "sdk: static\nmodels: [demo/m]");
  EXPECT_EQ(spaces("models=demo/m"), (Ids{"demo/both", "demo/one"}));
  EXPECT_EQ(spaces("models=demo/m&models=demo/n"), Ids{"demo/both"});
  EXPECT_EQ(spaces("datasets=demo/d"), Ids{"demo/both"});
  EXPECT_EQ(spaces("datasets=demo/none"), Ids{});
  EXPECT_EQ(spaces("linked=true"), (Ids{"demo/both", "demo/one"}));
  EXPECT_EQ(spaces("linked=false"), (Ids{"demo/alone", "demo/both", "demo/one"}));
}

TEST_F(ListTest, SortsBothWays) {
  for (const char* name : {"b", "c", "a"}) make(name);
  clock_->advance(1s);
  client_.commit_file("demo/b", "x", "1");
  client_.post("/api/models/demo/c/like", json::object());
  EXPECT_EQ(list(), (Ids{"demo/b", "demo/a", "demo/c"}));
  EXPECT_EQ(list("?sort=lastModified&direction=1"), (Ids{"demo/c", "demo/a", "demo/b"}));
  EXPECT_EQ(list("?sort=createdAt&direction=-1"), (Ids{"demo/a", "demo/c", "demo/b"}));
  EXPECT_EQ(list("?sort=id"), (Ids{"demo/a", "demo/b", "demo/c"}));
  EXPECT_EQ(list("?sort=likes")[0], "demo/c");
  EXPECT_EQ(list("?sort=trendingScore")[0], "demo/c");
  EXPECT_EQ(client_.get("/api/models?sort=beauty").status, 400);
}

TEST_F(ListTest, PagesByLinksThatKeepTheQuestion) {
  for (int i = 0; i < 7; ++i) make("r" + std::to_string(i));
  for (const char* sort : {"lastModified", "createdAt", "downloads", "likes", "id"}) {
    SCOPED_TRACE(sort);
    Ids seen;
    std::string target = std::string("/api/models?search=demo/r&limit=3&sort=") + sort;
    int pages = 0;
    while (!target.empty()) {
      const Response page = client_.get(target, {{"Authorization", "Bearer " + hub_.token()}});
      for (const std::string& id : ids(json::parse(page.body))) seen.push_back(id);
      const std::string link = page.headers.get("Link").value_or("");
      target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
      EXPECT_TRUE(target.empty() || target.starts_with(hub_.base_url() + "/api/models?search="));
      ++pages;
    }
    EXPECT_EQ(pages, 3);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen,
              (Ids{"demo/r0", "demo/r1", "demo/r2", "demo/r3", "demo/r4", "demo/r5", "demo/r6"}));
  }
  EXPECT_EQ(client_.get("/api/models?cursor=abc").status, 400);
}

TEST_F(ListTest, ShowsPrivateOnesToThoseWhoMayReadThem) {
  hub_.admin().create_organization("club", "demo");
  make("open");
  make("hidden", "", {{"private", true}});
  make("club/inside", "", {{"private", true}});
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  EXPECT_EQ(list("?sort=id"), (Ids{"club/inside", "demo/hidden", "demo/open"}));
  EXPECT_EQ(ids(nobody_.get_json("/api/models")), Ids{"demo/open"});
  EXPECT_EQ(ids(eve.get_json("/api/models")), Ids{"demo/open"});
  hub_.admin().set_member("club", "eve", OrganizationRole::read);
  EXPECT_EQ(ids(eve.get_json("/api/models?sort=id")), (Ids{"club/inside", "demo/open"}));
  EXPECT_EQ(ids(eve.get_json("/api/models?author=CLUB")), Ids{"club/inside"});
  EXPECT_EQ(list("?author=nobody"), Ids{});
}

TEST_F(ListTest, SearchesIdsForEachWord) {
  make("Bert-Tiny");
  make("bert-large");
  EXPECT_EQ(list("?search=BERT&search=tiny"), Ids{"demo/Bert-Tiny"});
  EXPECT_EQ(list("?search=demo/bert-l"), Ids{"demo/bert-large"});
  EXPECT_EQ(list("?search=%25"), Ids{}) << "no pattern";
}

TEST_F(ListTest, SaysMoreWhenAsked) {
  make("m", "license: mit");
  client_.commit_file("demo/m", "config.json", R"({"model_type": "bert", "x": 1})");
  EXPECT_EQ(client_.get_json("/api/models?cardData=true")[0].at("cardData").at("license"), "mit");
  EXPECT_EQ(client_.get_json("/api/models?config=1")[0].at("config"),
            json::parse(R"({"model_type": "bert"})"));
  const json full = client_.get_json("/api/models?full=True")[0];
  EXPECT_EQ(full.at("siblings").size(), 3U);
  EXPECT_EQ(full.at("sha"), client_.commit_at("demo/m"));
  const json named = client_.get_json("/api/models?expand[]=likes&expand=cardData")[0];
  EXPECT_EQ(named.size(), 4U) << named;
  EXPECT_EQ(client_.get("/api/models?expand=wishes").status, 400);
}

TEST_F(ListTest, FiltersByGate) {
  make("open");
  make("gated");
  client_.send("PUT", "/api/models/demo/gated/settings", R"({"gated": "manual"})");
  EXPECT_EQ(list("?gated=true"), Ids{"demo/gated"});
  EXPECT_EQ(list("?gated=false"), Ids{"demo/open"});
}

TEST_F(ListTest, CountsLikesOnceAUser) {
  make("m");
  const HubClient eve(hub_.base_url(), hub_.create_user("eve"));
  for (const HubClient* who : std::initializer_list<const HubClient*>{&client_, &eve, &eve}) {
    EXPECT_EQ(who->post("/api/models/demo/m/like", json::object()).status, 200);
  }
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("likes"), 2);
  EXPECT_EQ(nobody_.post("/api/models/demo/m/like", json::object()).status, 401);
  EXPECT_EQ(client_.get_json("/api/models/demo/m/likers").size(), 2U);
  const json liked = nobody_.get_json("/api/users/eve/likes");
  ASSERT_EQ(liked.size(), 1U);
  EXPECT_EQ(liked[0].at("repo"), json::parse(R"({"name": "demo/m", "type": "model"})"));
  EXPECT_EQ(eve.send("DELETE", "/api/models/demo/m/like").status, 200);
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("likes"), 1);
  client_.send("PUT", "/api/models/demo/m/settings", R"({"private": true})");
  EXPECT_EQ(nobody_.get_json("/api/users/demo/likes"), json::array()) << "hidden ones do not show";
  EXPECT_EQ(client_.get_json("/api/users/demo/likes").size(), 1U);
  EXPECT_EQ(client_.get("/api/users/no-one/likes").status, 404);
}

TEST_F(ListTest, CountsADownloaderOnceInAQuarterOfAnHour) {
  make("m");
  client_.commit("demo/m", to_ndjson(CommitFileLine{"config.json", "{}"}) +
                               to_ndjson(CommitFileLine{"sub/w.safetensors", "x"}));
  const auto downloads = [&] {
    return client_.get_json("/api/models/demo/m").at("downloads").get<int>();
  };
  client_.head("/demo/m/resolve/main/config.json");
  client_.get("/demo/m/resolve/main/.gitattributes");
  client_.get("/demo/m/raw/main/config.json");
  client_.get("/demo/m/resolve/main/missing/config.json");
  EXPECT_EQ(downloads(), 0);
  client_.get("/demo/m/resolve/main/config.json");
  client_.get("/demo/m/resolve/main/sub/w.safetensors");
  EXPECT_EQ(downloads(), 1);
  nobody_.get("/demo/m/resolve/main/config.json");
  EXPECT_EQ(downloads(), 2);
  clock_->advance(15min);
  client_.get("/demo/m/resolve/main/sub/w.safetensors", {{"Range", "bytes=0-0"}});
  EXPECT_EQ(downloads(), 3);
  hub_.stop();
  hub_.start();
  EXPECT_EQ(downloads(), 3) << "the counts were written";
  EXPECT_EQ(client_.get_json("/api/models?sort=downloads")[0].at("downloads"), 3);
}

TEST_F(ListTest, CountsADownloaderOnceHoweverItsTokenIsSent) {
  make("m");
  client_.commit_file("demo/m", "config.json", "{}");
  for (const char* user : {"ana", "ben", "cleo"}) {
    const std::string basic = "Basic " + base64_encode(user + (":" + hub_.token()));
    const Response got =
        nobody_.get("/demo/m/resolve/main/config.json", {{"Authorization", basic}});
    EXPECT_EQ(got.status, 200);
  }
  client_.get("/demo/m/resolve/main/config.json");
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("downloads"), 1);
}

TEST_F(ListTest, CountsDownloadsOnAfterTheClockIsSetBack) {
  make("m");
  client_.commit_file("demo/m", "config.json", "{}");
  client_.get("/demo/m/resolve/main/config.json");
  clock_->advance(-24h);
  client_.get("/demo/m/resolve/main/config.json");
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("downloads"), 2) << "not a day from now";
  client_.get("/demo/m/resolve/main/config.json");
  EXPECT_EQ(client_.get_json("/api/models/demo/m").at("downloads"), 2);
}

}  // namespace
}  // namespace torchhub::testing
